/** Brings the server's violations to the place of a form where they belong. */
import type { Violation } from './types.js';

/** The steps of a JSON pointer: `/rule/nodes/0` -> `['rule', 'nodes', '0']`. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') {
    return [];
  }
  return pointer.slice(1).split('/').map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** The opposite of `parsePointer`. */
export function formatPointer(steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('');
}

/** Whether `pointer` is `ancestor` or lies below it. */
export function isWithin(pointer: string, ancestor: string): boolean {
  return pointer === ancestor || pointer.startsWith(`${ancestor}/`);
}

/** What RJSF takes as `extraErrors`; written out, so that this module needs no RJSF. */
export interface ErrorTree {
  __errors?: string[];
  [step: string]: ErrorTree | string[] | undefined;
}

/**
 * The violations at or below `at` as RJSF's `extraErrors` for a form whose data stands at that pointer of the request,
 * such as `/rule/nodes/0/config`. Others are left out.
 */
export function toExtraErrors(violations: readonly Violation[], at = ''): ErrorTree {
  const root: ErrorTree = {};
  violations.filter(({ pointer }) => isWithin(pointer, at)).forEach(({ pointer, message }) => {
    let tree = root;
    parsePointer(pointer.slice(at.length)).forEach((step) => {
      // A step may be any text, such as "constructor": only what this function put there counts.
      if (!Object.prototype.hasOwnProperty.call(tree, step)) {
        Object.defineProperty(tree, step, { value: {}, enumerable: true, writable: true, configurable: true });
      }
      tree = tree[step] as ErrorTree;
    });
    // eslint-disable-next-line no-underscore-dangle
    tree.__errors = [...(tree.__errors ?? []), message];
  });
  return root;
}
