import { describe, expect, it, vi } from 'vitest';
import { fromAxios, readRetryAfter, withQuery } from '../src/react/index.js';

const problem = { code: 'name_taken', detail: 'Taken.', error: 'Taken.', status: 409, title: '', type: '', instance: '' };

describe('withQuery', () => {
  it('repeats lists, escapes keys and leaves out what is empty', () => {
    expect(withQuery('a/', { scope_key: 'course-v1:A+B+C', value: ['x', 'y'], search: '', page: undefined, n: 2 })).toBe(
      'a/?scope_key=course-v1%3AA%2BB%2BC&value=x&value=y&n=2',
    );
    expect(withQuery('a/')).toBe('a/');
  });
});

describe('fromAxios', () => {
  const failing = (error: unknown) => fromAxios(() => ({ request: () => Promise.reject(error) }), '/api/');

  it('sends what it is given to the root of the API', async () => {
    const request = vi.fn().mockResolvedValue({ data: { a_b: 1 } });
    const client = fromAxios(() => ({ request }), 'https://lms/api/');
    const { signal } = new AbortController();
    await expect(client.send({ method: 'POST', path: 'previews/', body: { c_d: 2 }, signal })).resolves.toEqual({ a_b: 1 });
    expect(request).toHaveBeenCalledWith({ method: 'POST', url: 'https://lms/api/previews/', data: { c_d: 2 }, signal });
    expect(client.url('x/')).toBe('https://lms/api/x/');
  });

  it.each([
    ['an answer', { response: { status: 409, data: problem } }, 409, 'name_taken'],
    ['a page that is not of this API', { response: { status: 502, data: '<html>' } }, 502, undefined],
    ['no answer', new Error('Network Error'), 0, undefined],
    [
      'what frontend-platform wraps',
      { customAttributes: { httpErrorStatus: 409, httpErrorResponseData: JSON.stringify(problem) } },
      409,
      'name_taken',
    ],
  ])('makes one kind of error of %s', async (_what, error, status, code) => {
    const sent = failing(error).send({ method: 'GET', path: '' });
    await expect(sent).rejects.toMatchObject({ name: 'ApiError', status, code });
  });

  it('lets an aborted request reject as it is', async () => {
    const reason = new Error('aborted');
    const signal = AbortSignal.abort();
    await expect(failing(reason).send({ method: 'GET', path: '', signal })).rejects.toBe(reason);
  });
});

describe('Retry-After', () => {
  it('is read from the answer', async () => {
    const response = { status: 429, data: problem, headers: { 'retry-after': '7' } };
    const client = fromAxios(() => ({ request: () => Promise.reject({ response }) }), '/api/');
    await expect(client.send({ method: 'POST', path: '' })).rejects.toMatchObject({ status: 429, retryAfter: 7_000 });
  });

  it('is a number of seconds, a date, or nothing', () => {
    expect(readRetryAfter('2')).toBe(2_000);
    expect(readRetryAfter(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(58_000);
    expect(readRetryAfter(new Date(0).toUTCString())).toBe(0);
    expect([readRetryAfter('soon'), readRetryAfter(''), readRetryAfter(undefined), readRetryAfter(null)]).toEqual([null, null, null, null]);
  });
});
