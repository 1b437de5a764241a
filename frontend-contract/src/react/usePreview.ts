/** Who would match a rule while it is being edited. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { DifferenceRequest, OverBudgetPreview, Preview, PreviewRequest, Rule, Scope } from '../types.js';
import type { ApiClient, ApiError } from './client.js';
import { keys, ONCE, SHORT } from './keys.js';
import { runPreview, type InterimPreview } from './previewJob.js';
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
  /** Who would join or leave `userGroup`; the numbers alone come without it. */
  difference?: DifferenceRequest;
  /** Another instant than now, as ISO 8601. */
  asOf?: string;
  /** How many of the learners are in other groups of the scope. */
  overlap?: boolean;
  /** Have the learners kept, so that exactly they can be saved: the answer has a token then. */
  token?: boolean;
  /** `count` leaves out the numbers of every part of the rule. */
  detail?: 'count' | 'full';
  delay?: number;
}

export interface PreviewState {
  /** The last exact answer; it stays while another one is on its way, and when that one fails. */
  preview: Preview | undefined;
  /** Whether `preview` is about the rule as it stands now. */
  isCurrent: boolean;
  /** Whether an answer is awaited, or will be asked for once the rule has been left alone. */
  isPending: boolean;
  /** What is known about the rule as it stands now while the answer takes its time: how far it is, and an estimate. */
  interim: InterimPreview | null;
  /** The rule as it stands now takes longer than is allowed: all that there is is an estimate. */
  overBudget: OverBudgetPreview | null;
  /** Why there is no answer for the rule as it stands now. */
  error: ApiError | null;
  retry: () => void;
}

type Answer = Preview | OverBudgetPreview | InterimPreview;

/**
 * Sends at most one request per `delay`, aborts the one that is superseded, and never repeats one that failed. What a
 * worker computes is asked for as often as the server wants, and cancelled once it is superseded or nobody looks.
 */
export function usePreview(options: PreviewOptions): PreviewState {
  const { client, rule, delay = PREVIEW_DELAY } = options;
  const queryClient = useQueryClient();
  // One editor asks one question at a time: with its name, a newer preview cancels an older one on the server too.
  const [editor] = useState(newEditor);
  const request = rule === null ? '' : serialize({ ...options, rule });
  const settled = useDebounced(request, delay);
  const queryKey = keys.preview(settled);
  const query = useQuery<Answer, ApiError>({
    queryKey,
    // That the signal is taken makes react-query abort the request once nobody waits for it any more.
    queryFn: ({ signal }) =>
      runPreview({
        client,
        body: { ...(JSON.parse(settled) as PreviewRequest), editor },
        signal,
        onInterim: (interim) => void queryClient.setQueryData(queryKey, interim),
      }),
    enabled: settled !== '' && settled === request,
    // What was given up half-way is no answer.
    staleTime: ({ state }) => (isInterim(state.data) ? 0 : SHORT),
    gcTime: SHORT,
    ...ONCE,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const isSettled = request !== '' && settled === request;
  const answer = query.data;
  const exact = answer?.state === 'succeeded' ? answer : undefined;
  const last = useRef<Preview | undefined>(undefined);
  useEffect(() => {
    if (exact) {
      last.current = exact;
    }
  }, [exact]);
  return {
    preview: exact ?? last.current,
    isCurrent: isSettled && exact !== undefined,
    isPending: request !== '' && (!isSettled || query.isFetching),
    interim: isSettled && query.isFetching && isInterim(answer) ? answer : null,
    overBudget: isSettled && answer?.state === 'over_budget' ? answer : null,
    error: isSettled && !query.isFetching ? query.error : null,
    retry: () => void query.refetch(),
  };
}

function isInterim(answer: Answer | undefined): answer is InterimPreview {
  return answer !== undefined && answer.state !== 'succeeded' && answer.state !== 'over_budget';
}

/** Unlike any other's, in this page and in others of the same person. */
function newEditor(): string {
  return `builder-${Math.random().toString(36).slice(2)}${Date.now().toString(36)}`;
}

/** The body as text: two rules that read the same are one request. */
function serialize(options: PreviewOptions & { rule: Rule }): string {
  const { scope, rule, userGroup, contractRevision, sampleSize = 0, difference, detail, asOf, overlap, token } = options;
  const body: PreviewRequest = { scope, rule, sample_size: sampleSize };
  if (userGroup) {
    body.user_group = userGroup;
  }
  if (contractRevision) {
    body.contract_revision = contractRevision;
  }
  if (difference) {
    body.difference = difference;
  }
  if (detail) {
    body.detail = detail;
  }
  if (asOf) {
    body.as_of = asOf;
  }
  if (overlap) {
    body.overlap = true;
  }
  if (token) {
    body.token = true;
  }
  return JSON.stringify(body);
}
