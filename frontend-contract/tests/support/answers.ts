/** A committed answer of the server, as the client of a test has it: the body, or the error that is thrown. */
import { ApiError } from '../../src/react/index.js';
import type { Problem } from '../../src/types.js';
import { answers } from './fixtures.js';

export function answerOf<T>(path: string): T {
  const found = answers.find((answer) => answer.path === path);
  if (!found) {
    throw new Error(`There is no fixture ${path}.`);
  }
  const { status, response } = found.body as { status: number; response: unknown };
  return (status < 400 ? response : new ApiError(status, response as Problem)) as T;
}
