import { describe, expect, it } from 'vitest';
import { formatPointer, isWithin, parsePointer, toExtraErrors } from '../src/index.js';
import type { Violation } from '../src/index.js';

const violation = (pointer: string, message: string): Violation => ({ pointer, code: 'c', message, params: {} });

describe('pointers', () => {
  it.each([
    ['', []],
    ['/rule/nodes/0', ['rule', 'nodes', '0']],
    ['/a~1b/c~0d/', ['a/b', 'c~d', '']],
  ])('%s', (pointer, steps) => {
    expect(parsePointer(pointer)).toEqual(steps);
    expect(formatPointer(steps)).toBe(pointer);
  });

  it('tell what is within what', () => {
    expect(isWithin('/rule/nodes/1', '/rule/nodes/1')).toBe(true);
    expect(isWithin('/rule/nodes/1/config', '/rule/nodes/1')).toBe(true);
    expect(isWithin('/rule/nodes/10', '/rule/nodes/1')).toBe(false);
  });
});

describe('toExtraErrors', () => {
  it('puts each message at its field and leaves out those of other nodes', () => {
    const at = '/rule/nodes/1/config';
    const violations = [
      violation(`${at}/days`, 'Too small.'),
      violation(`${at}/days`, 'Not whole.'),
      violation(`${at}/days/from`, 'Too early.'),
      violation(`${at}/list/3`, 'Unknown.'),
      violation(at, 'Only one.'),
      violation('/rule/nodes/10/config/days', 'Elsewhere.'),
    ];
    expect(toExtraErrors(violations, at)).toEqual({
      __errors: ['Only one.'],
      days: { __errors: ['Too small.', 'Not whole.'], from: { __errors: ['Too early.'] } },
      list: { 3: { __errors: ['Unknown.'] } },
    });
  });

  it('takes any name as a step', () => {
    const tree = toExtraErrors([violation('/constructor/__proto__', 'Odd.')]);
    expect(Object.keys(tree)).toEqual(['constructor']);
    expect(JSON.stringify(tree)).toBe('{"constructor":{"__proto__":{"__errors":["Odd."]}}}');
    expect(({} as { __errors?: unknown }).__errors).toBeUndefined();
  });
});
