/** What the form says about a rule before it is saved. */
import { within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { NodeCount, Preview } from '../src/types.js';
import { groupOf, openBuilder, previewOf, refusal, ruleOf } from './support/server.js';

type Difference = NonNullable<Preview['difference']>;

const node = (pointer: string, rest: Partial<NodeCount>): NodeCount => ({
  pointer,
  count: 0,
  running: null,
  without: null,
  redundant: null,
  decisive: null,
  ...rest,
});

const funnel: Preview = previewOf({
  count: { value: 0, universe: 10, exactness: 'exact' },
  nodes: [
    node('/rule', { count: 0 }),
    node('/rule/nodes/0', { count: 8, running: 8, without: 0, redundant: true, decisive: false }),
    node('/rule/nodes/1', { count: 1, running: 0, without: 8, redundant: false, decisive: true }),
  ],
  warnings: [
    { code: 'matches_nobody', pointer: '/rule', message: 'Nobody at all.', related: [], params: {} },
    { code: 'subsumed', pointer: '/rule/nodes/0', message: 'One holds the other.', related: ['/rule/nodes/1'], params: {} },
  ],
});

const edit = async (answers: Record<string, unknown> = {}, group = groupOf()) => {
  const builder = await openBuilder(answers, [group]);
  await builder.press(group.name);
  await builder.press('Edit');
  return builder;
};

describe('the funnel', () => {
  it('stands beside each criterion in words, with its marks', async () => {
    const { findByText, container } = await edit({ 'POST previews/': funnel });
    await findByText('8 learners match this part');
    const textAt = (pointer: string) => container.querySelector(`[data-user-groups-funnel="${pointer}"]`)?.textContent;
    expect(textAt('/rule/nodes/0')).toBe('8 learners match this partUp to here: 8 learnersWithout this criterion: 0Changes nothing');
    expect(textAt('/rule/nodes/1'))
      .toBe('1 learner matches this partUp to here: 0 learnersWithout this criterion: 8It alone empties the group');
    const shares = [...container.querySelectorAll<HTMLElement>('.user-groups-share')].map(({ style }) => style.width);
    expect(shares).toEqual(['80%', '80%', '10%', '0%']);
  });

  it('comes with warnings that lead to the criteria that they are about', async () => {
    const { press, findByRole, container } = await edit({ 'POST previews/': funnel });
    const panel = await findByRole('region', { name: 'Who matches now' });
    await within(panel).findByText('Nobody at all.');
    within(panel).getByText('One holds the other.');
    await press('Go to Criterion 2: Type paint');
    expect(document.activeElement).toBe(container.querySelector('[data-user-groups-node="/rule/nodes/1"]'));
    await press('Go to Criterion 1: Type marbles');
    expect(document.activeElement).toBe(container.querySelector('[data-user-groups-node="/rule/nodes/0"]'));
  });
});

describe('a rule that takes its time', () => {
  const estimate = { value: 400, exactness: 'estimate', low: 350, high: 460, universe: 9000, sample_size: 500 };

  it('has an estimate, labelled so, until the exact count is there', async () => {
    const id = '00000000-0000-4000-8000-000000000007';
    const job = {
      id,
      state: 'running',
      as_of: '2026-01-01T00:00:00Z',
      progress: { elapsed_ms: 1_500, limit_ms: 60_000 },
      poll_after_ms: 300,
      estimate,
    };
    const { findByText, queryByText, getByRole, known } = await edit({ 'POST previews/': job, [`GET previews/${id}/`]: job });
    await findByText(/^About 400 learners of 9,000 match; with 95 % confidence from 350 to 460\. The exact count/);
    await findByText('Estimate');
    await findByText('From a random sample of 500 learners.');
    await findByText('Counting: 2 s of at most 60 s.');
    expect(getByRole('progressbar', { name: 'Time that the count has taken' }).getAttribute('value')).toBe('1500');
    expect(queryByText('Exact')).toBeNull();
    known[`GET previews/${id}/`] = previewOf({ count: { value: 412, universe: 9000, exactness: 'exact' } });
    await findByText('412 learners of 9,000 match.');
    await findByText('Exact');
    expect(queryByText('Estimate')).toBeNull();
  });

  it('has only an estimate where nobody goes on counting', async () => {
    const { findByText, press, known } = await edit({
      'POST previews/': { state: 'over_budget', as_of: '2026-01-01T00:00:00Z', estimate },
    });
    await findByText(/confidence from 350 to 460\. The exact count takes longer than this site allows\./);
    await findByText('Estimate');
    known['POST previews/'] = previewOf();
    await press('Try again');
    await findByText('4 learners of 10 match.');
  });

  it('says when it has to wait for others', async () => {
    const busy = refusal(429, 'too_many_previews', 'Too many at once.');
    const { findByText, known } = await edit({ 'POST previews/': busy });
    await findByText('Too many at once. It is tried again in 2 seconds.');
    known['POST previews/'] = previewOf();
    await findByText('4 learners of 10 match.');
  });
});

describe('the difference before saving', () => {
  const numbers: Difference = { added: 1, removed: 30, unchanged: 3, sample: null };
  const move = { username: 'ana', cause: 'rule', decided_by: ['/rule/nodes/0'], flips: [] };
  const answer = ({ body }: { body?: unknown }) => {
    const asked = (body as { difference?: { kind: string; size: number; offset: number } }).difference;
    const misses = { pointer: '/rule/nodes/0', saved_pointer: '/rule/nodes/0', saved_answer: true, answer: false };
    const both = {
      decided_by: ['/rule/nodes/0', '/rule/nodes/1'],
      flips: [
        misses,
        { pointer: '/rule/nodes/1', saved_pointer: null, saved_answer: null, answer: false },
        { pointer: null, saved_pointer: '/rule/nodes/1', saved_answer: true, answer: null },
      ],
    };
    const results = asked?.kind === 'removed'
      ? [
        { ...move, username: `leaver${asked.offset}`, flips: [misses] },
        { ...move, username: `leaver${asked.offset + 1}`, ...both },
      ]
      : [{ ...move, cause: 'data', decided_by: [], flips: [] }];
    return previewOf({ difference: { ...numbers, sample: asked ? { ...asked, results } : null } as Difference });
  };

  it('is counted always, and names nobody unasked', async () => {
    const { findByText, getByText, bodies } = await edit({ 'POST previews/': answer });
    await findByText('1 learner would join');
    getByText('30 members would leave');
    getByText('3 members would stay');
    expect(bodies('POST previews/').map(({ difference, user_group: group }) => [difference, group]))
      .toEqual([[undefined, groupOf().uuid]]);
  });

  it('names who and says why, page by page', async () => {
    const { press, findByText, findByRole, queryByRole, bodies } = await edit({ 'POST previews/': answer });
    await press('Who would leave');
    const list = await findByRole('list', { name: 'Members who would leave' });
    expect(list.textContent).toBe(
      'leaver0: because of the edited rule. Criterion 1: Type marbles no longer matches.'
      + 'leaver1: because of the edited rule. Decided by: Criterion 1: Type marbles and Criterion 2: Type paint. '
      + 'Criterion 1: Type marbles no longer matches. Criterion 2: Type paint is new and does not match. '
      + 'Of the saved rule, Criterion 2: Type paint is gone.',
    );
    await press('Next page');
    await findByText('leaver25');
    expect(bodies('POST previews/').slice(1).map(({ detail, difference }) => [detail, difference])).toEqual([
      ['count', { kind: 'removed', size: 25, offset: 0 }],
      ['count', { kind: 'removed', size: 25, offset: 25 }],
    ]);
    await press('Who would join');
    expect((await findByRole('list', { name: 'Learners who would join' })).textContent)
      .toBe('ana: because the learner’s data, or the time, moved on.');
    expect(queryByRole('list', { name: 'Members who would leave' })).toBeNull();
  });
});

describe('an explanation', () => {
  const explained = {
    as_of: '2026-01-01T00:00:00Z',
    username: 'ana',
    outside: null,
    matches: false,
    sentence: 'Ana does not match.',
    next_change: '2026-02-03T00:00:00Z',
    next_change_known: true,
    nodes: [
      { pointer: '/rule', matches: false, sentence: 'Not all of these.', criterion: null },
      {
        pointer: '/rule/nodes/0',
        matches: false,
        sentence: 'Ana has two marbles.',
        criterion: {
          type: 'marbles',
          label: 'Marbles',
          operator: '>',
          values: [{ value: 2, unit: null, text: '2 marbles', recorded: '2025-12-31T00:00:00Z', age_days: 1 }],
          value_count: 3,
          tells_values: true,
          counts_as: null,
          distance: { threshold: { value: 3, unit: null, text: '3 marbles' }, difference: -1, unit: 'marbles' },
          uses: 'current_data',
          next_change: null,
        },
      },
    ],
  };

  it('is about the rule as it stands in the form', async () => {
    const { press, user, findByRole, bodies, container } = await edit({ 'POST explanations/': explained });
    await press('Why is a learner in or out?');
    const drawer = within(await findByRole('dialog', { name: 'Why is a learner in or out?' }));
    await user.type(drawer.getByLabelText('User name or e-mail address'), ' ana{Enter}');
    expect((await drawer.findByText('Ana does not match.')).closest('[role=status]')).not.toBeNull();
    drawer.getByText('Does not match the rule');
    expect(drawer.getByText(/^Feb 3, 2026/).parentElement?.textContent).toMatch(/^The answer changes on Feb 3, .* if nothing/);
    drawer.getByText('Criterion 1: Type marbles');
    drawer.getByText('Ana has two marbles.');
    drawer.getByText(/^Value: 2 marbles/);
    drawer.getByText('and 2 more values');
    drawer.getByText('The answer changes at 3 marbles; distance: -1 marbles');
    expect(bodies('POST explanations/')).toEqual([{
      scope: { type: 'course', key: 'course-v1:A+B+C' },
      learner: 'ana',
      rule: { kind: 'rule', ...ruleOf(3) },
      contract_revision: 'r1',
      user_group: groupOf().uuid,
    }]);
    // The form around the drawer was not sent by the way.
    expect(container.ownerDocument.body.textContent).not.toContain('was saved');
    expect(bodies(`PATCH user_groups/${groupOf().uuid}/`)).toEqual([]);
  });

  it('is about the saved rule where there is no form, and says at the field whom it does not know', async () => {
    const unknown = refusal(400, 'validation_failed', 'No.', [{ pointer: '/learner', message: 'There is no such account.' }]);
    const { press, user, findByRole, bodies, known } = await openBuilder({ 'POST explanations/': unknown });
    await press('Collectors');
    await press('Why is a learner in or out?');
    const drawer = within(await findByRole('dialog', { name: 'Why is a learner in or out?' }));
    const field = drawer.getByLabelText('User name or e-mail address');
    await user.type(field, 'ben');
    await user.click(drawer.getByRole('button', { name: 'Explain' }));
    const message = await drawer.findByText('There is no such account.');
    expect(field.getAttribute('aria-describedby')).toBe(message.parentElement?.id);
    expect(drawer.queryByText('This did not work')).toBeNull();
    expect(bodies('POST explanations/')).toEqual([
      { scope: { type: 'course', key: 'course-v1:A+B+C' }, learner: 'ben', user_group: groupOf().uuid },
    ]);
    known['POST explanations/'] = {
      ...explained, outside: 'not_enrolled', sentence: 'Ben is not enrolled.', nodes: [], next_change: null,
    };
    await user.click(drawer.getByRole('button', { name: 'Explain' }));
    await drawer.findByText('Ben is not enrolled.');
    drawer.getByText('Not an active learner here');
    expect(drawer.queryByText(/The answer/)).toBeNull();
  });
});

describe('a rule that nobody can match', () => {
  it('is saved once somebody says that it is meant', async () => {
    const path = `PATCH user_groups/${groupOf().uuid}/`;
    const impossible = refusal(409, 'impossible_rule', 'It contradicts itself.', [{ pointer: '/rule/nodes/0' }]);
    const answer = ({ body }: { body?: unknown }) =>
      ((body as { confirm_impossible?: boolean }).confirm_impossible ? groupOf() : impossible);
    const { press, user, findByText, findByRole, getByRole, bodies } = await edit({ [path]: answer });
    await press('Save group');
    await findByText('It contradicts itself.');
    await press('Go to Criterion 1: Type marbles');
    await press('Save group');
    await findByText('It contradicts itself.');
    const box = await findByRole('checkbox', { name: /^I know that nobody/ });
    await user.click(box);
    // Another rule is another question.
    const amount = getByRole('spinbutton', { name: 'Label of amount (marbles)' });
    await user.type(amount, '0');
    await press('Save group');
    await findByText('It contradicts itself.');
    await user.click(await findByRole('checkbox', { name: /^I know that nobody/, checked: false }));
    await press('Save group');
    await findByText('“Collectors” was saved.');
    expect(bodies(path).map(({ confirm_impossible: confirmed }) => confirmed)).toEqual([undefined, undefined, undefined, true]);
  });
});
