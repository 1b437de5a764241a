/**
 * The door to the network. The package sends no request by itself: whoever mounts it passes in a client, in an MFE the
 * authenticated one. Paths are relative to the root of the API (`/api/user_group/v1/`).
 */
import type { Problem } from '../types.js';

type Scalar = string | number | boolean;

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, Scalar | readonly Scalar[] | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as multipart form, instead of `body`. */
  form?: FormData;
  signal?: AbortSignal;
}

export interface ApiClient {
  /** Answers the decoded body, unconverted. Rejects with an `ApiError`. */
  send<T>(request: ApiRequest): Promise<T>;
  /** The full address of a path, for links that the browser follows itself. */
  url(path: string): string;
}

/** A request that failed. `status` is 0 when no answer came: the browser is offline, or the server is away. */
export class ApiError extends Error {
  readonly status: number;

  readonly problem: Problem | null;

  /** Milliseconds after which the server wants to be asked again; null where it did not say. */
  readonly retryAfter: number | null;

  constructor(status: number, problem: Problem | null, retryAfter: number | null = null) {
    super(problem?.detail ?? `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** The stable code of the error, or nothing for an answer that is not of this API. */
  get code(): string | undefined {
    return this.problem?.code;
  }
}

/** A path with its query. Lists repeat their name; what is undefined or empty is left out. */
export function withQuery(path: string, query: ApiRequest['query'] = {}): string {
  const search = new URLSearchParams();
  Object.entries(query).forEach(([name, value]) => {
    const values = Array.isArray(value) ? (value as Scalar[]) : [value as Scalar | undefined];
    values.filter((item) => item !== undefined && item !== '').forEach((item) => search.append(name, String(item)));
  });
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** The body of an error of this API, or null for any other body (a proxy's page, a login form). */
export function readProblem(body: unknown): Problem | null {
  const isProblem = typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
  return isProblem ? (body as Problem) : null;
}

/** The header `Retry-After`, seconds or a date, in milliseconds from now. */
export function readRetryAfter(header: string | null | undefined): number | null {
  if (!header) {
    return null;
  }
  const milliseconds = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? null : Math.max(0, milliseconds);
}

/** As much of axios as is used. `getAuthenticatedHttpClient()` of frontend-platform fits. */
export interface AxiosLike {
  request(config: {
    method: string;
    url: string;
    data?: unknown;
    signal?: AbortSignal;
  }): Promise<{ data: unknown }>;
}

/** A client made of an axios instance. `root` is the address of the API, ending with a slash. */
export function fromAxios(axios: () => AxiosLike, root: string): ApiClient {
  return {
    url: (path) => `${root}${path}`,
    async send<T>({ method, path, query, body, form, signal }: ApiRequest): Promise<T> {
      try {
        const config = { method, url: `${root}${withQuery(path, query)}`, data: form ?? body };
        const { data } = await axios().request(signal ? { ...config, signal } : config);
        return data as T;
      } catch (error) {
        if (signal?.aborted) {
          throw error;
        }
        throw toApiError(error);
      }
    },
  };
}

function toApiError(error: unknown): ApiError {
  const { response, customAttributes } = error as {
    response?: { status: number; data: unknown; headers?: Record<string, string | undefined> };
    customAttributes?: { httpErrorStatus?: number; httpErrorResponseData?: unknown };
  };
  if (response) {
    return new ApiError(response.status, readProblem(response.data), readRetryAfter(response.headers?.['retry-after']));
  }
  // frontend-platform may wrap the error: the body is then JSON in text.
  const text = customAttributes?.httpErrorResponseData;
  return new ApiError(customAttributes?.httpErrorStatus ?? 0, readProblem(typeof text === 'string' ? parse(text) : text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
