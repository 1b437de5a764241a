/** What the panel says when it is asked: about another day, and about other groups. */
import { fireEvent, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { Preview, PreviewRequest } from '../src/types.js';
import { answerOf } from './support/answers.js';
import { document as contract } from './support/document.js';
import { groupOf, openBuilder, previewOf, ruleOf } from './support/server.js';

const edit = async (answers: Record<string, unknown> = {}) => {
  const builder = await openBuilder(answers, [groupOf()]);
  await builder.press('Collectors');
  await builder.press('Edit');
  await builder.findByText('4 learners of 10 match.');
  const fillIn = (text: string) =>
    fireEvent.change(builder.getByLabelText('Date and time of the preview'), { target: { value: text } });
  return { ...builder, fillIn };
};

const asked = ({ body }: { body?: unknown }) => body as PreviewRequest;
const numbers = { added: 1, removed: 2, unchanged: 3, sample: null };

describe('another day', () => {
  const then = answerOf<Preview>('previews/as_of.json');
  const answer = (request: { body?: unknown }) =>
    (asked(request).as_of ? { ...then, difference: numbers } : previewOf({ difference: numbers }));

  it('is previewed with what the criteria answer from, until it is taken back', async () => {
    const { press, fillIn, findByText, findByRole, getByRole, getByText, queryByText, queryByRole, bodies } = await edit({
      'POST previews/': answer,
    });
    getByText('If you save this');
    await press('Preview for another day');
    fillIn('2026-01-25T12:00');
    const panel = await findByRole('region', { name: 'Who matches on another day' });
    const status = (await within(panel).findByText(/^3 learners of 5 match\. This is for/)).closest('[role=status]');
    expect(status?.textContent).toMatch(/^3 learners of 5 match\. This is for Jan 2[456], 2026, .*, not for now\.$/);
    const uses = within(getByRole('list', { name: 'What the criteria answer from' })).getAllByRole('listitem');
    expect(uses.map(({ textContent }) => textContent)).toEqual([
      'Answered for that day: Criterion 1: Type marbles.',
      'Answered with today’s data: Criterion 2: Type paint.',
    ]);
    expect(queryByText('If you save this'), 'saving concerns now').toBeNull();
    const instant = new Date('2026-01-25T12:00').toISOString();
    await press('Show some of them');
    await findByText('ada');
    expect(bodies('POST previews/').map((body) => [body.as_of, body.detail])).toEqual([
      [undefined, undefined],
      [instant, undefined],
      [instant, 'count'],
    ]);

    await press('Back to now');
    expect(document.activeElement).toBe(getByRole('button', { name: 'Preview for another day' }));
    await findByRole('region', { name: 'Who matches now' });
    await findByText('4 learners of 10 match.');
    getByText('If you save this');
    expect(queryByRole('list', { name: 'What the criteria answer from' })).toBeNull();
    expect(queryByRole('button', { name: 'Back to now' })).toBeNull();
  });

  it('is refused at its field, with the limits that the document states', async () => {
    const tooFar = answerOf('errors/400_validation_failed_as_of.json');
    const { press, fillIn, findByText, getByLabelText, getByText, queryByText } = await edit({
      'POST previews/': (request: { body?: unknown }) => (asked(request).as_of ? tooFar : previewOf()),
    });
    await press('Preview for another day');
    getByText('In your time zone; at most 90 days back and 90 days ahead. Saving always concerns now.');
    fillIn('2020-01-01T00:00');
    const message = await findByText('Choose an instant at most 90 days back and 90 days ahead.');
    const field = getByLabelText('Date and time of the preview');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(field.getAttribute('aria-describedby')?.split(' ')).toContain(message.parentElement?.id);
    getByText('There is no preview of this day. The reason stands at the field.');
    expect(queryByText('The rule has mistakes. They are shown at their fields.')).toBeNull();
    const days = ['min', 'max'].map((bound) => (Date.parse(field.getAttribute(bound) ?? '') - Date.now()) / 86_400_000);
    expect(days.map(Math.round)).toEqual([-90, 90]);
  });

  it('does not send the form when Enter is pressed', async () => {
    const { press, user, getByLabelText, bodies } = await edit();
    await press('Preview for another day');
    await user.type(getByLabelText('Date and time of the preview'), '{Enter}');
    expect(bodies(`PATCH user_groups/${groupOf().uuid}/`)).toEqual([]);
  });

  it('is asked about one learner too', async () => {
    const refused = answerOf('errors/404_not_found.json');
    const { press, user, fillIn, findByRole, findByText, bodies } = await edit({
      'POST previews/': answer,
      'POST explanations/': refused,
    });
    await press('Preview for another day');
    fillIn('2026-01-25T12:00');
    await findByText(/^3 learners of 5 match\./);
    await press('Why is a learner in or out?');
    const drawer = within(await findByRole('dialog', { name: 'Why is a learner in or out?' }));
    await user.type(drawer.getByLabelText('User name or e-mail address'), 'ana{Enter}');
    await drawer.findByText('This did not work');
    expect(bodies('POST explanations/').map((body) => body.as_of)).toEqual([new Date('2026-01-25T12:00').toISOString()]);
  });
});

describe('other groups', () => {
  const shared = answerOf<Preview>('previews/overlap.json');
  const overlapping = (overlap: Preview['overlap']) => (request: { body?: unknown }) =>
    (asked(request).overlap ? { ...shared, overlap } : previewOf());

  it('are compared when they are asked for, in a request of its own', async () => {
    const { press, findByRole, getByText, queryByRole, bodies } = await edit({ 'POST previews/': overlapping(shared.overlap) });
    expect(bodies('POST previews/').length).toBe(1);
    await press('Compare with other groups');
    const list = await findByRole('list', { name: 'Learners shared with other groups' });
    const rows = within(list).getAllByRole('listitem').map(({ textContent }) => textContent);
    expect(rows.length).toBe(5);
    expect(rows[0]).toBe('Preview: saved: 2 learners in common, 50% of those who match; it has 2 members.');
    expect(rows[4]).toBe('Preview: mentors: 1 learner in common, 25% of those who match; it has 1 member.');
    getByText('5 groups share learners with this rule, of 5 compared.');
    expect(bodies('POST previews/')[1]).toMatchObject({
      rule: ruleOf(3),
      user_group: groupOf().uuid,
      overlap: true,
      detail: 'count',
      sample_size: 0,
    });
    await press('Hide the other groups');
    expect(queryByRole('list', { name: 'Learners shared with other groups' })).toBeNull();
  });

  it.each([
    ['there are none', { groups: [], compared: 0, left_out: 0 }, 'There is no other group with members here.'],
    [
      'none shares a learner',
      { groups: [], compared: 20, left_out: 1 },
      'No group shares learners with this rule, of 20 compared. 1 smaller group was left out.',
    ],
  ])('are told of when %s', async (_when, overlap, text) => {
    const { press, findByText, queryByRole } = await edit({ 'POST previews/': overlapping(overlap) });
    await press('Compare with other groups');
    await findByText(text);
    expect(queryByRole('list', { name: 'Learners shared with other groups' })).toBeNull();
  });
});

it('offers only what the server can do', async () => {
  const { queryByRole } = await edit({ 'GET criterion_types/': { ...contract, capabilities: [{ id: 'funnel' }] } });
  expect(queryByRole('button', { name: 'Preview for another day' })).toBeNull();
  expect(queryByRole('button', { name: 'Compare with other groups' })).toBeNull();
  expect(queryByRole('checkbox', { name: 'Save exactly the learners shown' })).toBeNull();
});
