/** A server of the test's making, and the builder on it. What it has no answer for fails the test. */
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { IntlProvider } from 'react-intl';
import { expect } from 'vitest';
import { UserGroupBuilder } from '../../src/builder/index.js';
import { ApiError, type ApiClient, type ApiRequest } from '../../src/react/index.js';
import type { Page, Preview, Problem, Refresh, Rule, UserGroup, Violation } from '../../src/types.js';
import { document } from './document.js';

export const scope = { type: 'course', key: 'course-v1:A+B+C' } as const;
const NOW = '2026-01-01T00:00:00Z';

/** More than `amount` marbles, and another criterion beside it. */
export const ruleOf = (amount: number): Rule => ({
  combine: 'all',
  negated: false,
  nodes: [
    { kind: 'criterion', type: 'marbles', config: { operator: '>', amount } },
    { kind: 'criterion', type: 'paint', config: { operator: 'in', colours: ['red'] } },
  ],
});

export const groupOf = (rest: Partial<UserGroup> = {}): UserGroup => ({
  uuid: '00000000-0000-4000-8000-000000000001',
  scope,
  name: 'Collectors',
  description: '',
  membership_source: 'criteria',
  rule: ruleOf(3),
  rule_version: 1,
  state: 'fresh',
  state_reason: null,
  member_count: 5,
  members_as_of: NOW,
  pinned_missed_count: 0,
  is_enabled: true,
  is_frozen: false,
  refresh_interval: null,
  max_removal_percent: null,
  next_refresh_at: null,
  created: NOW,
  modified: NOW,
  created_by: 'staff',
  modified_by: 'staff',
  ...rest,
});

export const refreshOf = (rest: Partial<Refresh> = {}): Refresh => ({
  uuid: '00000000-0000-4000-8000-000000000009',
  trigger: 'schedule',
  state: 'succeeded',
  requested_by: null,
  requested_at: NOW,
  started_at: NOW,
  finished_at: NOW,
  as_of: NOW,
  rule_version: 1,
  added_count: 0,
  removed_count: 0,
  member_count: 5,
  pinned_missed_count: 0,
  plan: '',
  error: null,
  ...rest,
});

export const previewOf = (rest: Partial<Preview> = {}): Preview => ({
  state: 'succeeded',
  as_of: NOW,
  count: { value: 4, universe: 10, exactness: 'exact' },
  nodes: [],
  sample: { size: 0, offset: 0, results: [] },
  difference: null,
  overlap: null,
  warnings: [],
  leaves: [],
  plan: 'statement',
  token: null,
  ...rest,
});

export const pageOf = <T,>(results: T[], rest: Partial<Page<T>> = {}): Page<T> => ({
  next: null,
  previous: null,
  count: results.length,
  num_pages: 1,
  current_page: 1,
  start: 0,
  results,
  ...rest,
});

export function refusal(status: number, code: string, detail: string, violations: Partial<Violation>[] = []): ApiError {
  const problem: Problem = {
    type: '',
    title: '',
    status,
    detail,
    instance: '',
    code,
    error: detail,
    violations: violations.map((one) => ({ pointer: '', code, message: detail, params: {}, ...one })),
  };
  return new ApiError(status, problem);
}

type Answers = Record<string, unknown>;

/** The builder on a server that answers `METHOD path`; a function gets the request, and an `ApiError` is thrown. */
export async function openBuilder(answers: Answers = {}, groups: UserGroup[] = [groupOf()]) {
  const sent: ApiRequest[] = [];
  const known: Answers = {
    'GET criterion_types/': document,
    'GET user_groups/': pageOf(groups),
    ...Object.fromEntries(groups.flatMap((group) => [
      [`GET user_groups/${group.uuid}/`, group],
      [`GET user_groups/${group.uuid}/members/`, { ...pageOf([]), state: 'fresh', state_reason: null, members_as_of: NOW }],
    ])),
    'POST previews/': previewOf(),
    ...answers,
  };
  const client: ApiClient = {
    url: (path) => path,
    send: async <T,>(request: ApiRequest) => {
      sent.push(request);
      const name = `${request.method} ${request.path}`;
      const found = known[name];
      if (!(name in known)) {
        expect.fail(`no answer to ${name}`);
      }
      const answer: unknown = typeof found === 'function' ? found(request) : found;
      if (answer instanceof ApiError) {
        throw answer;
      }
      return answer as T;
    },
  };
  const user = userEvent.setup();
  const view = render(
    <IntlProvider locale="en" timeZone="UTC" onError={(error) => expect.fail(String(error))}>
      <UserGroupBuilder client={client} scope={scope} />
    </IntlProvider>,
  );
  const press = async (name: string | RegExp) => user.click(await view.findByRole('button', { name }));
  const bodies = (name: string) =>
    sent.filter(({ method, path }) => `${method} ${path}` === name).map(({ body }) => body as Record<string, unknown>);
  const queries = (name: string) =>
    sent.filter(({ method, path }) => `${method} ${path}` === name).map(({ query }) => query);
  return { ...view, user, press, bodies, queries, known };
}
