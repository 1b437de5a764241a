/** Preview = save: the learners on the screen become the members, or nothing is saved. */
import { fireEvent, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { PreviewRequest } from '../src/types.js';
import { answerOf } from './support/answers.js';
import { groupOf, openBuilder, previewOf, refusal, ruleOf } from './support/server.js';

const PATCH = `PATCH user_groups/${groupOf().uuid}/`;
const READY = /^4 learners will be saved, as previewed on/;

/** A server that keeps the learners where it is asked to. Each token is another one. */
function keeper() {
  let tokens = 0;
  return ({ body }: { body?: unknown }) => {
    const isKept = (body as PreviewRequest).token === true;
    tokens += isKept ? 1 : 0;
    return previewOf({ token: isKept ? `token${tokens}` : null });
  };
}

const edit = async (answers: Record<string, unknown> = {}) => {
  const builder = await openBuilder({ 'POST previews/': keeper(), ...answers }, [groupOf()]);
  await builder.press('Collectors');
  await builder.press('Edit');
  await builder.findByText('4 learners of 10 match.');
  const want = async () => builder.user.click(builder.getByRole('checkbox', { name: 'Save exactly the learners shown' }));
  const tokens = () => builder.bodies(PATCH).map(({ preview_token: token }) => token);
  const button = () => builder.getByRole('button', { name: 'Save group' });
  return { ...builder, want, tokens, button };
};

describe('saving exactly the learners shown', () => {
  it('is off unless somebody wants it', async () => {
    const { press, findByText, getByRole, tokens, bodies } = await edit({ [PATCH]: groupOf() });
    const box = getByRole('checkbox', { name: 'Save exactly the learners shown', checked: false });
    const help = document.getElementById(box.getAttribute('aria-describedby') ?? '');
    expect(help?.textContent).toMatch(/^The members will be the learners of the preview and nobody else\./);
    await press('Save group');
    await findByText('“Collectors” was saved.');
    expect(tokens()).toEqual([undefined]);
    expect(bodies('POST previews/').map(({ token }) => token)).toEqual([undefined]);
  });

  it('sends the token of the preview, and waits for it', async () => {
    const { press, want, button, findByText, getByText, tokens, bodies } = await edit({ [PATCH]: groupOf() });
    await want();
    const reason = getByText('Saving waits for the preview.');
    expect(reason.getAttribute('role')).toBe('status');
    expect(button().getAttribute('aria-disabled')).toBe('true');
    expect(button().getAttribute('aria-describedby')).toBe(reason.id);
    await press('Save group');
    expect(tokens()).toEqual([]);
    await findByText(READY);
    expect(button().getAttribute('aria-disabled')).toBe('false');
    await press('Save group');
    await findByText('“Collectors” was saved.');
    expect(tokens()).toEqual(['token1']);
    expect(bodies(PATCH)[0]).toMatchObject({ rule: ruleOf(3), rule_version: 1 });
    expect(bodies('POST previews/').map(({ token }) => token)).toEqual([undefined, true]);
  });

  it('is for a new group too', async () => {
    const { press, user, findByText, findByLabelText, findByRole, getByLabelText, bodies } = await openBuilder({
      'POST previews/': keeper(),
      'POST user_groups/': groupOf(),
    });
    await press('New group by criteria');
    await user.type(await findByLabelText('Name'), 'Seen');
    await user.selectOptions(getByLabelText('Criterion'), 'Type marbles');
    await user.type(await findByLabelText('Label of amount (marbles)'), '3');
    await user.click(await findByRole('checkbox', { name: 'Save exactly the learners shown' }));
    await findByText(READY);
    await press('Save group');
    await findByText('“Collectors” was saved.');
    expect(bodies('POST user_groups/').map(({ name, preview_token: token }) => [name, token])).toEqual([['Seen', 'token1']]);
  });

  it.each([
    ['they are too many', previewOf(), /^These learners could not be kept/],
    [
      'there is only an estimate',
      { state: 'over_budget', as_of: '2026-01-01T00:00:00Z', estimate: null },
      /^There is no exact preview that could be saved\./,
    ],
    ['there is no number', answerOf('previews/source_unavailable.json'), /^There is no exact preview that could be saved\./],
  ])('says why it cannot be done when %s', async (_when, answer, reason) => {
    const { press, want, findByText, tokens, known } = await edit();
    known['POST previews/'] = answer;
    await want();
    await findByText(reason);
    await press('Save group');
    expect(tokens()).toEqual([]);
  });

  it('concerns now: of another day nothing is kept', async () => {
    const { press, want, findByText, getByLabelText, tokens, bodies } = await edit();
    await press('Preview for another day');
    fireEvent.change(getByLabelText('Date and time of the preview'), { target: { value: '2026-01-25T12:00' } });
    await want();
    await findByText(/^The preview is of another day, but saving concerns now\./);
    await press('Save group');
    expect(tokens()).toEqual([]);
    await press('Back to now');
    await findByText(READY);
    expect(bodies('POST previews/').filter(({ as_of: asOf, token }) => asOf && token)).toEqual([]);
  });
});

describe('learners who moved since', () => {
  const moved = answerOf('errors/409_preview_moved.json');
  const answer = ({ body }: { body?: unknown }) =>
    ((body as { preview_token?: string }).preview_token === 'token1' ? moved : groupOf());
  const refused = async () => {
    const builder = await edit({ [PATCH]: answer });
    await builder.want();
    await builder.findByText(READY);
    await builder.press('Save group');
    return { ...builder, alert: await builder.findByRole('alert') };
  };

  it('are named with the reason, and saved all the same when somebody says so', async () => {
    const { press, findByText, alert, tokens } = await refused();
    within(alert).getByText('Learners have moved since the preview');
    expect(within(alert).getByText(/^Nothing was saved\./).textContent).toMatch(/of Jan 15, 2026, 12:00.PM; now/);
    const out = within(alert).getByRole('list', { name: '1 learner has moved out:' });
    expect(out.textContent).toBe('ada: the learner’s data changed.');
    expect(within(alert).getAllByRole('list').length, 'nobody moved in').toBe(1);
    await press('Save anyway with today’s learners');
    await findByText('“Collectors” was saved.');
    expect(tokens()).toEqual(['token1', undefined]);
  });

  it('are counted where they are too many to be named, and so is a change of the criteria', async () => {
    const side = { count: 3, learners: [{ username: 'ben', reason: 'time' }] };
    const params = {
      added: side,
      removed: { count: 0, learners: [] },
      reasons: { data: 2, time: 1 },
      contract_changed: true,
      previewed_as_of: '2026-01-15T12:00:00+00:00',
    };
    const { press, want, findByText, findByRole } = await edit({
      [PATCH]: refusal(409, 'preview_moved', 'They moved.', [{ pointer: '/preview_token', params }]),
    });
    await want();
    await findByText(READY);
    await press('Save group');
    const alert = within(await findByRole('alert'));
    const joined = within(alert.getByRole('list', { name: '3 learners have moved in:' })).getAllByRole('listitem');
    expect(joined.map(({ textContent }) => textContent)).toEqual(['ben: only time has passed.', 'and 2 more']);
    alert.getByText('The criteria on offer have changed since then, too.');
  });

  it('are looked at again in a preview that is made anew', async () => {
    const { press, findByText, getByRole, queryByRole, tokens } = await refused();
    await press('Look at the preview again');
    expect(queryByRole('alert')).toBeNull();
    expect(document.activeElement).toBe(getByRole('heading', { name: 'Who matches now' }));
    await findByText(READY);
    await press('Save group');
    await findByText('“Collectors” was saved.');
    expect(tokens()).toEqual(['token1', 'token2']);
  });
});

describe('a preview that is no longer kept', () => {
  it.each([
    ['expired', '409_preview_expired', 'The preview is too old to be saved as it was seen. Preview the rule again.'],
    ['unknown', '400_validation_failed_invalid_token', 'This is not a token of a preview.'],
    ['of another rule', '400_validation_failed_other_preview', 'This token is of a preview of another rule, scope or person.'],
  ])('because it is %s, is made again', async (_why, name, text) => {
    const { press, want, findByText, findByRole, tokens, known } = await edit({ [PATCH]: answerOf(`errors/${name}.json`) });
    await want();
    await findByText(READY);
    await press('Save group');
    const alert = within(await findByRole('alert'));
    alert.getByText(text);
    alert.getByText('The preview is made again: look at it, then save.');
    await findByText(READY);
    known[PATCH] = groupOf();
    await press('Save group');
    await findByText('“Collectors” was saved.');
    expect(tokens()).toEqual(['token1', 'token2']);
  });
});
