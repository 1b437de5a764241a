import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook } from '@testing-library/react';
import type { PropsWithChildren } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, usePreview, type ApiClient, type ApiRequest } from '../src/react/index.js';
import type { Preview, Rule } from '../src/types.js';

const scope = { type: 'course', key: 'course-v1:A+B+C' } as const;
const rule = (amount: number): Rule => ({
  combine: 'all',
  nodes: [{ kind: 'criterion', type: 'marbles', config: { operator: '>', amount } }],
});
const answer = (value: number): Preview => ({
  state: 'succeeded',
  as_of: '2026-01-01T00:00:00Z',
  count: { value, universe: 10, exactness: 'exact' },
  nodes: [],
  sample: { size: 0, offset: 0, results: [] },
  difference: null,
  overlap: null,
  warnings: [],
  plan: 'statement',
});

/** A client whose answers the test gives when it wants to. */
function slowClient() {
  const sent: { request: ApiRequest; resolve: (preview: Preview) => void; reject: (error: Error) => void }[] = [];
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
  return { state: () => hook.result.current, sent, wait, edit, config };
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
});
