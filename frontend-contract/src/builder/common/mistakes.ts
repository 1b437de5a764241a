/** The mistakes that the server found in a small form, at their fields. */
import type { ApiError } from '../../react/client.js';
import { isWithin } from '../../violations.js';

/** The messages of one field. */
export function mistakesAt(error: ApiError | null, pointer: string): string[] {
  return (error?.problem?.violations ?? []).filter((one) => isWithin(one.pointer, pointer)).map(({ message }) => message);
}

/** The error, unless all that it says stands at one of the fields. */
export function beyondFields(error: ApiError | null, pointers: readonly string[]): ApiError | null {
  const violations = error?.problem?.violations ?? [];
  const isTold = violations.length > 0
    && violations.every((one) => pointers.some((pointer) => isWithin(one.pointer, pointer)));
  return isTold ? null : error;
}
