/** Who would match a rule while it is being edited. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Preview, PreviewRequest, Rule, Scope } from '../types.js';
import type { ApiClient, ApiError } from './client.js';
import { keys, ONCE, SHORT } from './keys.js';
import { useDebounced } from './useDebounced.js';

/** How long a rule has to be left alone before it is sent. */
export const PREVIEW_DELAY = 400;

export interface PreviewOptions {
  client: ApiClient;
  scope: Scope;
  /** The rule, or null while it is not complete enough to be sent. */
  rule: Rule | null;
  /** The group that is edited. */
  userGroup?: string;
  contractRevision?: string;
  sampleSize?: number;
  delay?: number;
}

export interface PreviewState {
  /** The last answer; it stays while another one is on its way, and when that one fails. */
  preview: Preview | undefined;
  /** Whether `preview` is about the rule as it stands now. */
  isCurrent: boolean;
  /** Whether an answer is awaited, or will be asked for once the rule has been left alone. */
  isPending: boolean;
  /** Why there is no answer for the rule as it stands now. */
  error: ApiError | null;
  retry: () => void;
}

/** Sends at most one request per `delay`, aborts the one that is superseded, and never repeats one by itself. */
export function usePreview(options: PreviewOptions): PreviewState {
  const { client, scope, rule, userGroup, contractRevision, sampleSize = 0, delay = PREVIEW_DELAY } = options;
  const request = rule === null ? '' : serialize({ scope, rule, userGroup, contractRevision, sampleSize });
  const settled = useDebounced(request, delay);
  const query = useQuery<Preview, ApiError>({
    queryKey: keys.preview(settled),
    // That the signal is taken makes react-query abort the request once nobody waits for it any more.
    queryFn: ({ signal }) => client.send({ method: 'POST', path: 'previews/', body: JSON.parse(settled), signal }),
    enabled: settled !== '' && settled === request,
    staleTime: SHORT,
    gcTime: SHORT,
    ...ONCE,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const last = useRef<Preview | undefined>(undefined);
  useEffect(() => {
    if (query.data) {
      last.current = query.data;
    }
  }, [query.data]);
  const isSettled = request !== '' && settled === request;
  return {
    preview: query.data ?? last.current,
    isCurrent: isSettled && query.data !== undefined,
    isPending: request !== '' && (!isSettled || query.isFetching),
    error: isSettled && !query.isFetching ? query.error : null,
    retry: () => void query.refetch(),
  };
}

interface Draft {
  scope: Scope;
  rule: Rule;
  userGroup: string | undefined;
  contractRevision: string | undefined;
  sampleSize: number;
}

/** The body as text: two rules that read the same are one request. */
function serialize({ scope, rule, userGroup, contractRevision, sampleSize }: Draft): string {
  const body: PreviewRequest = { scope, rule, sample_size: sampleSize };
  if (userGroup) {
    body.user_group = userGroup;
  }
  if (contractRevision) {
    body.contract_revision = contractRevision;
  }
  return JSON.stringify(body);
}
