import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook } from '@testing-library/react';
import type { PropsWithChildren } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, usePreview, type ApiClient, type ApiRequest } from '../src/react/index.js';
import type { Estimate, OverBudgetPreview, PendingPreview, Preview, Rule } from '../src/types.js';

const scope = { type: 'course', key: 'course-v1:A+B+C' } as const;
const rule = (amount: number): Rule => ({
  combine: 'all',
  nodes: [{ kind: 'criterion', type: 'marbles', config: { operator: '>', amount } }],
});
const estimate: Estimate = { value: 4, exactness: 'estimate', low: 3, high: 6, universe: 10, sample_size: 5 };
const pending = (elapsed: number): PendingPreview => ({
  id: '00000000-0000-4000-8000-000000000001',
  state: elapsed > 0 ? 'running' : 'queued',
  as_of: '2026-01-01T00:00:00Z',
  progress: { elapsed_ms: elapsed, limit_ms: 60_000 },
  poll_after_ms: 700,
  estimate,
});
const overBudget: OverBudgetPreview = { state: 'over_budget', as_of: '2026-01-01T00:00:00Z', estimate };
const answer = (value: number): Preview => ({
  state: 'succeeded',
  as_of: '2026-01-01T00:00:00Z',
  count: { value, universe: 10, exactness: 'exact' },
  nodes: [],
  sample: { size: 0, offset: 0, results: [] },
  difference: null,
  overlap: null,
  warnings: [],
  leaves: [],
  plan: 'statement',
  token: null,
});

/** A client whose answers the test gives when it wants to. */
function slowClient() {
  const sent: { request: ApiRequest; resolve: (answered: Preview | PendingPreview | OverBudgetPreview | undefined) => void; reject: (error: Error) => void }[] = [];
  const client: ApiClient = {
    url: (path) => path,
    send: <T,>(request: ApiRequest) =>
      new Promise<T>((resolve, reject) => {
        sent.push({ request, resolve: resolve as never, reject });
      }),
  };
  return { client, sent };
}

function start(first: Rule | null) {
  const { client, sent } = slowClient();
  const queryClient = new QueryClient();
  const wrapper = ({ children }: PropsWithChildren) => (
    <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
  );
  const hook = renderHook(({ edited }: { edited: Rule | null }) => usePreview({ client, scope, rule: edited }), {
    wrapper,
    initialProps: { edited: first },
  });
  const wait = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
  const edit = (edited: Rule | null) => hook.rerender({ edited });
  const config = (index: number) => (sent[index]?.request.body as { rule: Rule }).rule.nodes[0];
  const paths = () => sent.map(({ request: { method, path } }) => `${method} ${path}`);
  return { state: () => hook.result.current, sent, paths, wait, edit, config, unmount: hook.unmount };
}

describe('usePreview', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('asks for the first rule at once, and then only when the rule was left alone for 400 ms', async () => {
    const { sent, wait, edit, config } = start(rule(1));
    await wait(0);
    expect(sent.length).toBe(1);
    for (let amount = 2; amount < 10; amount += 1) {
      edit(rule(amount));
      await wait(399);
    }
    expect(sent.length).toBe(1);
    await wait(1);
    expect(sent.length).toBe(2);
    expect(config(1)).toEqual(rule(9).nodes[0]);
  });

  it('aborts the request that was superseded, and ignores what it still answers', async () => {
    const { state, sent, wait, edit } = start(rule(1));
    await wait(0);
    edit(rule(2));
    await wait(400);
    expect(sent[0]?.request.signal?.aborted).toBe(true);
    expect(sent[1]?.request.signal?.aborted).toBe(false);
    sent[0]?.resolve(answer(1));
    await wait(0);
    expect(state().preview).toBeUndefined();
    sent[1]?.resolve(answer(2));
    await wait(0);
    expect(state()).toMatchObject({ preview: answer(2), isCurrent: true, isPending: false });
  });

  it('keeps the last answer while the next one is awaited, and when there is none', async () => {
    const { state, sent, wait, edit } = start(rule(1));
    await wait(0);
    sent[0]?.resolve(answer(1));
    await wait(0);
    edit(rule(2));
    expect(state()).toMatchObject({ preview: answer(1), isCurrent: false, isPending: true, error: null });
    await wait(400);
    sent[1]?.reject(new ApiError(409, null));
    await wait(0);
    expect(state()).toMatchObject({ preview: answer(1), isCurrent: false, isPending: false });
    expect(state().error?.status).toBe(409);
    await wait(60_000);
    expect(sent.length, 'a failed request is not repeated').toBe(2);
    edit(rule(1));
    expect(state().error, 'the error was about another rule').toBeNull();
  });

  it('asks for nothing while the rule is not complete', async () => {
    const { state, sent, wait, edit } = start(null);
    await wait(1000);
    expect(sent.length).toBe(0);
    expect(state()).toMatchObject({ preview: undefined, isPending: false, isCurrent: false, error: null });
    edit(rule(1));
    await wait(400);
    expect(sent.length).toBe(1);
    expect(sent[0]?.request).toMatchObject({ method: 'POST', path: 'previews/', body: { scope, sample_size: 0 } });
  });

  it('shows what is known while a worker counts, and asks it again as often as the server wants', async () => {
    const { state, sent, paths, wait } = start(rule(1));
    await wait(0);
    sent[0]?.resolve(pending(0));
    await wait(0);
    expect(state()).toMatchObject({ interim: pending(0), preview: undefined, isCurrent: false, isPending: true, error: null });
    await wait(699);
    expect(sent.length).toBe(1);
    await wait(1);
    sent[1]?.resolve(pending(800));
    await wait(0);
    expect(state().interim).toEqual(pending(800));
    await wait(700);
    sent[2]?.resolve(answer(5));
    await wait(0);
    expect(state()).toMatchObject({ interim: null, preview: answer(5), isCurrent: true, isPending: false });
    const job = `GET previews/${pending(0).id}/`;
    expect(paths()).toEqual(['POST previews/', job, job]);
  });

  it('cancels what a worker does once the rule is another one', async () => {
    const { state, sent, paths, wait, edit } = start(rule(1));
    await wait(0);
    sent[0]?.resolve(pending(0));
    await wait(0);
    edit(rule(2));
    expect(state().interim, 'the estimate was about another rule').toBeNull();
    await wait(400);
    expect(paths().sort()).toEqual([`DELETE previews/${pending(0).id}/`, 'POST previews/', 'POST previews/']);
    sent.find(({ request }) => request.method === 'DELETE')?.reject(new ApiError(404, null));
    await wait(5_000);
    expect(sent.length, 'it is not asked for any more').toBe(3);
  });

  it('asks anew when a rule comes back whose count was given up half-way', async () => {
    const { state, sent, paths, wait, edit } = start(rule(1));
    await wait(0);
    sent[0]?.resolve(pending(0));
    await wait(0);
    edit(rule(2));
    await wait(400);
    edit(rule(1));
    await wait(400);
    expect(paths().filter((path) => path === 'POST previews/').length).toBe(3);
    sent.at(-1)?.resolve(answer(1));
    await wait(0);
    expect(state()).toMatchObject({ preview: answer(1), isCurrent: true });
  });

  it.each([
    ['while it waits', 0],
    ['while it asks', 700],
  ])('cancels what a worker does once nobody looks, %s', async (_when, waited) => {
    const { sent, paths, wait, unmount } = start(rule(1));
    await wait(0);
    sent[0]?.resolve(pending(0));
    await wait(waited);
    unmount();
    // A client that cannot abort answers still.
    sent[1]?.resolve(pending(1));
    await wait(0);
    expect(paths().at(-1)).toBe(`DELETE previews/${pending(0).id}/`);
    await wait(5_000);
    expect(paths().filter((path) => path.startsWith('GET')).length).toBe(waited ? 1 : 0);
  });

  it('says that a worker failed, and starts anew by hand', async () => {
    const { state, sent, paths, wait } = start(rule(1));
    await wait(0);
    sent[0]?.resolve(pending(0));
    await wait(700);
    sent[1]?.reject(new ApiError(409, null));
    await wait(0);
    expect(state()).toMatchObject({ interim: null, isPending: false });
    expect(state().error?.status).toBe(409);
    act(() => state().retry());
    await wait(0);
    expect(paths().at(-1)).toBe('POST previews/');
  });

  it('has an estimate where the count takes too long and no worker can go on', async () => {
    const { state, sent, wait } = start(rule(1));
    await wait(0);
    sent[0]?.resolve(overBudget);
    await wait(0);
    expect(state()).toMatchObject({ overBudget, preview: undefined, isCurrent: false, isPending: false, error: null });
    await wait(5_000);
    expect(sent.length).toBe(1);
  });

  it('tries again when there were too many, after the time that the server names', async () => {
    const { state, sent, wait } = start(rule(1));
    await wait(0);
    sent[0]?.reject(new ApiError(429, null, 3_000));
    await wait(0);
    expect(state()).toMatchObject({ interim: { state: 'busy', retry_after_ms: 3_000 }, isPending: true, error: null });
    await wait(2_999);
    expect(sent.length).toBe(1);
    await wait(1);
    expect(sent.length).toBe(2);
    sent[1]?.resolve(answer(1));
    await wait(0);
    expect(state()).toMatchObject({ interim: null, preview: answer(1), isCurrent: true });
  });

  it('names its editor, always the same one and unlike another’s', async () => {
    const first = start(rule(1));
    await first.wait(0);
    first.edit(rule(2));
    await first.wait(400);
    const second = start(rule(1));
    await second.wait(0);
    const editorOf = ({ sent }: typeof first, index: number) => (sent[index]?.request.body as { editor: string }).editor;
    expect(editorOf(first, 0)).toMatch(/^[\w-]{10,64}$/);
    expect(editorOf(first, 1)).toBe(editorOf(first, 0));
    expect(editorOf(second, 0)).not.toBe(editorOf(first, 0));
  });
});
