/** The requests of one preview: from the question, over what a worker does in between, to its answer. */
import type { OverBudgetPreview, PendingPreview, Preview, PreviewRequest } from '../types.js';
import { ApiError, type ApiClient } from './client.js';

/** Too many are being computed: it is asked again by itself. */
export interface BusyPreview {
  state: 'busy';
  /** What the server says about it. */
  detail: string;
  retry_after_ms: number;
}

/** What is known before there is an answer. */
export type InterimPreview = PendingPreview | BusyPreview;

/** Where the server names no time, or the browser keeps it from a script. */
const PATIENCE = 2_000;

interface Job {
  client: ApiClient;
  body: PreviewRequest;
  /** Ends the waiting, and cancels what a worker does. */
  signal: AbortSignal;
  onInterim: (interim: InterimPreview) => void;
}

/**
 * The answer of a preview. Asks a worker's preview again as often as the server wants, and cancels it when `signal` is
 * aborted. Rejects with the `ApiError` of the first request that fails, but for 429, after which it waits.
 */
export async function runPreview(job: Job): Promise<Preview | OverBudgetPreview> {
  const { client, body, signal, onInterim } = job;
  let answer = await untilTaken(job, () => client.send<Answer>({ method: 'POST', path: 'previews/', body, signal }));
  if (!isPending(answer)) {
    return answer;
  }
  const path = `previews/${answer.id}/`;
  try {
    while (isPending(answer)) {
      onInterim(answer);
      await pause(answer.poll_after_ms, signal);
      answer = await untilTaken(job, () => client.send<Answer>({ method: 'GET', path, signal }));
    }
    return answer;
  } finally {
    if (signal.aborted) {
      // Nobody waits for it, so nobody is told when it fails: the server also gives up what is not asked after.
      client.send({ method: 'DELETE', path }).catch(() => undefined);
    }
  }
}

type Answer = Preview | OverBudgetPreview | PendingPreview;

function isPending(answer: Answer): answer is PendingPreview {
  return answer.state === 'queued' || answer.state === 'running';
}

async function untilTaken({ signal, onInterim }: Job, send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 429) {
        throw error;
      }
      const wait = error.retryAfter ?? PATIENCE;
      onInterim({ state: 'busy', detail: error.message, retry_after_ms: wait });
      await pause(wait, signal);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) {
      stop();
    }
    signal.addEventListener('abort', stop, { once: true });
  });
}
