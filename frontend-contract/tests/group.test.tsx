/** What can be done with a saved group. */
import { within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { groupOf, openBuilder, pageOf, refreshOf, refusal, scope } from './support/server.js';

const group = groupOf();
const path = `user_groups/${group.uuid}`;

describe('a copy', () => {
  const made = groupOf({ uuid: '00000000-0000-4000-8000-000000000002', name: 'Second' });

  it('has a name of its own, says what is missing, and can be opened', async () => {
    const unresolved = [
      { pointer: '/rule/nodes/1', field: 'colours', value: 'red', label: 'Red' },
      { pointer: '/rule/nodes/0', field: '', value: 'marbles', label: '' },
    ];
    const { press, user, findByRole, findByText, bodies } = await openBuilder(
      { [`POST ${path}/copies/`]: { user_group: made, unresolved } },
      [group, made],
    );
    await press('Collectors');
    await press('Copy');
    const dialog = within(await findByRole('dialog', { name: 'Copy “Collectors”' }));
    const name = dialog.getByLabelText<HTMLInputElement>('Name');
    expect(name.value).toBe('Collectors (copy)');
    await user.clear(name);
    await user.type(name, 'Second');
    await user.click(dialog.getByRole('button', { name: 'Copy' }));
    await dialog.findByText('“Second” was made.');
    expect(dialog.getAllByRole('listitem').map(({ textContent }) => textContent))
      .toEqual(['Criterion 2: Type paint: Red', 'Criterion 1: Type marbles: marbles']);
    expect(bodies(`POST ${path}/copies/`)).toEqual([{ scope, name: 'Second' }]);
    await user.click(dialog.getByRole('button', { name: 'Open the copy' }));
    await findByText('Second');
    await findByRole('heading', { name: 'Second' });
  });

  it('is refused at the field that is wrong', async () => {
    const wrong = refusal(400, 'validation_failed', 'No.', [{ pointer: '/scope/key', message: 'There is no such course.' }]);
    const { press, user, findByRole, known } = await openBuilder({ [`POST ${path}/copies/`]: wrong });
    await press('Collectors');
    await press('Copy');
    const dialog = within(await findByRole('dialog'));
    await user.type(dialog.getByLabelText('Key of the course'), 'X');
    await user.click(dialog.getByRole('button', { name: 'Copy' }));
    await dialog.findByText('There is no such course.');
    expect(dialog.getByLabelText('Key of the course').getAttribute('aria-invalid')).toBe('true');
    expect(dialog.queryByText('This did not work')).toBeNull();
    known[`POST ${path}/copies/`] = refusal(403, 'permission_denied', 'No.');
    await user.click(dialog.getByRole('button', { name: 'Copy' }));
    await dialog.findByText('You may not make groups there.');
    expect(dialog.queryByText('You may not see the user groups here')).toBeNull();
  });
});

describe('a refresh that is held', () => {
  const held = groupOf({ state: 'held', state_reason: { code: 'removal_limit', message: 'Many would leave.' } });
  const run = refreshOf({ state: 'held', removed_count: 40, added_count: 2 });
  const place = `${path}/refreshes/${run.uuid}`;
  const leavers = ({ query }: { query?: Record<string, unknown> }) =>
    pageOf([{ username: `leaver${query?.page}`, kind: 'removed' }, { username: null, kind: 'removed' }], {
      count: 40, num_pages: 2, current_page: Number(query?.page),
    });

  const openHeld = async (answers: Record<string, unknown> = {}) => {
    const builder = await openBuilder(
      { [`GET ${path}/refreshes/`]: pageOf([run]), [`GET ${place}/difference/`]: leavers, ...answers },
      [held],
    );
    await builder.press('Collectors');
    await builder.findByText('A refresh waits for your decision');
    return builder;
  };

  it('says who would leave, page by page', async () => {
    const { press, findByRole, getByText, findByText, queries } = await openHeld();
    getByText('It would remove 40 members and add 2 learners. Until then the members stay as they are.');
    expect(queries(`GET ${path}/refreshes/`)).toEqual([{ state: 'held' }]);
    await press('Who would leave');
    const list = await findByRole('list', { name: 'Members who would leave' });
    expect(list.textContent).toBe('leaver1An account that is gone');
    await press('Next page');
    await findByText('leaver2');
    expect(queries(`GET ${place}/difference/`)).toEqual([{ kind: 'removed', page: 1 }, { kind: 'removed', page: 2 }]);
  });

  it('is carried out once somebody confirms it', async () => {
    const done = refreshOf({ removed_count: 40, added_count: 2 });
    const { press, findByText, queryByText, known, bodies } = await openHeld({ [`POST ${place}/confirmation/`]: done });
    known[`GET ${path}/`] = groupOf();
    await press('Confirm the refresh');
    expect((await findByText('Refreshed: 2 joined, 40 left.')).getAttribute('role')).toBe('status');
    expect(bodies(`POST ${place}/confirmation/`).length).toBe(1);
    await findByText('Up to date');
    expect(queryByText('A refresh waits for your decision')).toBeNull();
  });

  it('is dropped once somebody discards it', async () => {
    const { press, findByText, known, bodies } = await openHeld({ [`DELETE ${place}/difference/`]: undefined });
    known[`GET ${path}/`] = groupOf();
    await press('Discard it');
    await findByText('The refresh was discarded; the members are as before.');
    expect(bodies(`DELETE ${place}/difference/`).length).toBe(1);
  });

  it('is announced when a person asked for it', async () => {
    const { press, findByText } = await openBuilder({ [`POST ${path}/refreshes/`]: run });
    await press('Collectors');
    await press('Refresh now');
    await findByText('The refresh waits for confirmation: 40 would leave, 2 would join.');
  });
});

describe('the runs', () => {
  it('are named in every state and by every cause', async () => {
    const runs = [
      refreshOf({ uuid: '1', state: 'held', trigger: 'reconcile' }),
      refreshOf({ uuid: '2', state: 'confirmed' }),
      refreshOf({ uuid: '3', state: 'discarded' }),
    ];
    const { press, user, findByRole, findAllByRole } = await openBuilder({ [`GET ${path}/refreshes/`]: pageOf(runs) });
    await press('Collectors');
    await user.click(await findByRole('tab', { name: 'Refreshes' }));
    await findByRole('cell', { name: 'Check against the rule' });
    const rows = (await findAllByRole('row')).slice(1);
    expect(rows.map((row) => within(row).getAllByRole('cell')[2]?.textContent))
      .toEqual(['Waiting for confirmation', 'Confirmed', 'Discarded']);
  });
});

describe('pinned learners', () => {
  const example = (username: string, expected: boolean, isMember: boolean) => ({
    username, expected, is_member: isMember, note: `about ${username}`, created: '2026-01-01T00:00:00Z', created_by: 'staff',
  });
  const list = pageOf([example('ana', true, false), example('ben', false, false)]);

  it('are marked where they are not as expected', async () => {
    const { press, user, findByRole, findByText } = await openBuilder(
      { [`GET ${path}/pinned_examples/`]: list },
      [groupOf({ pinned_missed_count: 1 })],
    );
    await press('Collectors');
    await findByText('1 pinned learner is not where expected.');
    await user.click(await findByRole('tab', { name: 'Pinned learners' }));
    const ana = await findByRole('row', { name: /ana/ });
    expect(within(ana).getAllByRole('cell').map(({ textContent }) => textContent?.trim()))
      .toEqual(['In the group', 'Not in the group Not as expected', 'about ana', 'Remove']);
    expect((await findByRole('row', { name: /ben/ })).textContent).not.toContain('Not as expected');
  });

  it('are added, with mistakes at the field, and taken away', async () => {
    const unknown = refusal(400, 'validation_failed', 'No.', [{ pointer: '/learner', message: 'There is no such account.' }]);
    const { press, user, findByRole, findByText, findByLabelText, getByLabelText, bodies, known } = await openBuilder({
      [`GET ${path}/pinned_examples/`]: list,
      [`POST ${path}/pinned_examples/`]: unknown,
      [`DELETE ${path}/pinned_examples/`]: undefined,
    });
    await press('Collectors');
    await user.click(await findByRole('tab', { name: 'Pinned learners' }));
    const field = (await findByLabelText('User name or e-mail address')) as HTMLInputElement;
    await user.type(field, 'cat');
    await user.selectOptions(getByLabelText('Must be'), 'Not in the group');
    await user.type(getByLabelText('Note'), 'Test account');
    await press('Pin a learner');
    await findByText('There is no such account.');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    known[`POST ${path}/pinned_examples/`] = example('cat', false, false);
    await press('Pin a learner');
    await findByText('cat was pinned.');
    expect(field.value).toBe('');
    expect(bodies(`POST ${path}/pinned_examples/`)[1]).toEqual({ learner: 'cat', expected: false, note: 'Test account' });
    await press('Remove ben');
    await findByText('ben was removed.');
    expect(bodies(`DELETE ${path}/pinned_examples/`)).toEqual([{ learners: ['ben'] }]);
  });

  it('have no copy button beside them in a list that is made by hand', async () => {
    const { press, findByRole, queryByRole } = await openBuilder({}, [groupOf({ membership_source: 'manual', rule: null })]);
    await press('Collectors');
    await findByRole('tab', { name: 'Pinned learners' });
    expect(queryByRole('button', { name: 'Copy' })).toBeNull();
    expect(queryByRole('button', { name: 'Why is a learner in or out?' })).toBeNull();
  });
});
