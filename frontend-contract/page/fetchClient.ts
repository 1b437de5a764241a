/** A client for the standalone page: the browser's own session, and Django's CSRF token. */
import { ApiError, readProblem, readRetryAfter, withQuery, type ApiClient, type ApiRequest } from '../src/react/client.js';

export function fetchClient(root: string, csrfToken: string): ApiClient {
  return {
    url: (path) => `${root}${path}`,
    async send<T>({ method, path, query, body, form, signal }: ApiRequest): Promise<T> {
      const headers: Record<string, string> = { Accept: 'application/json' };
      if (method !== 'GET') {
        headers['X-CSRFToken'] = csrfToken;
      }
      if (body !== undefined) {
        headers['Content-Type'] = 'application/json';
      }
      const answer = await reach(`${root}${withQuery(path, query)}`, {
        method,
        headers,
        body: form ?? (body === undefined ? null : JSON.stringify(body)),
        signal: signal ?? null,
        credentials: 'same-origin',
      });
      const text = await answer.text();
      const data = parse(text);
      if (!answer.ok) {
        throw new ApiError(answer.status, readProblem(data), readRetryAfter(answer.headers.get('Retry-After')));
      }
      return data as T;
    },
  };
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw init.signal?.aborted ? error : new ApiError(0, null);
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
