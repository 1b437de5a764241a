/** Preview = save: the learners on the screen, which a token stands for, and what the server says when they moved. */
import type { ApiError } from '../../react/client.js';
import type { PreviewState } from '../../react/usePreview.js';
import type { Preview } from '../../types.js';
import { beyondFields } from '../common/mistakes.js';

/** Why what is on the screen cannot be saved as it is. Each is the key of a message. */
export type SeenProblem = 'exactlyOtherDay' | 'exactlyUnknown' | 'exactlyWaiting' | 'exactlyNotKept';

export type Seen = { token: string; preview: Preview } | { problem: SeenProblem };

/** What can be saved as it was seen. Of another instant nothing can: saving concerns now. */
export function seenIn({ preview, isCurrent, isPending, error, overBudget }: PreviewState, asOf: string | undefined): Seen {
  if (asOf) {
    return { problem: 'exactlyOtherDay' };
  }
  if (error ?? overBudget) {
    return { problem: 'exactlyUnknown' };
  }
  if (!preview || !isCurrent || isPending) {
    return { problem: 'exactlyWaiting' };
  }
  return preview.token ? { token: preview.token, preview } : { problem: 'exactlyNotKept' };
}

/** Whether the server no longer knows what was seen, or knows it as something else. */
export function isSeenLost(error: ApiError): boolean {
  return error.code === 'preview_expired' || (error.status === 400 && beyondFields(error, ['/preview_token']) === null);
}

/** Those who moved one way since the preview; some of them by name. */
export interface MovedSide {
  count: number;
  learners: { username: string; reason: 'data' | 'time' }[];
}

/** What the error `preview_moved` tells beside its message. */
export interface Moved {
  added: MovedSide;
  removed: MovedSide;
  contract_changed: boolean;
  previewed_as_of: string;
}

/** Who moved, or null where the error is about something else. */
export function movedIn(error: ApiError | null): Moved | null {
  const params = error?.problem?.violations?.find(({ code }) => code === 'preview_moved')?.params;
  return (params as Moved | undefined) ?? null;
}
