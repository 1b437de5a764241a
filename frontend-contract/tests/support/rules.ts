/** Valid rules over the invented types: ranges, options, nesting, negation, ids, and what may be left out. */
import type { Rule } from '../../src/types.js';

const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`;

export const rules: Record<string, Rule> = {
  'one value': { combine: 'all', nodes: [{ kind: 'criterion', type: 'marbles', config: { operator: '>', amount: 3 } }] },
  'a range': {
    combine: 'any',
    negated: false,
    nodes: [{ kind: 'criterion', type: 'marbles', config: { operator: 'between', amount: { from: 0, to: 7 } } }],
  },
  'no value': { combine: 'all', nodes: [{ kind: 'criterion', type: 'marbles', config: { operator: 'exists' } }] },
  'a list': {
    kind: 'rule',
    combine: 'all',
    nodes: [{ kind: 'criterion', type: 'paint', config: { operator: 'not_in', colours: ['sea_green', 'red'] } }],
  },
  'a choice of fields with an option': {
    combine: 'all',
    nodes: [{ kind: 'criterion', type: 'visit', config: { operator: '<', days: 10, include_never: true } }],
  },
  'a range of dates': {
    combine: 'all',
    nodes: [
      { kind: 'criterion', type: 'visit', config: { operator: 'between', date: { from: '2026-01-01', to: '2026-02-01' } } },
    ],
  },
  'a required field beside the value': {
    combine: 'all',
    nodes: [{ kind: 'criterion', type: 'shelf', config: { operator: '>=', place: 'block-v1:x', share: 72.35 } }],
  },
  'a type that is gone': {
    combine: 'all',
    nodes: [{ id: id(1), kind: 'criterion', type: 'gone', config: { operator: '~', anything: { deep: [1] } } }],
  },
  'nested, negated and saved': {
    id: id(2),
    kind: 'rule',
    combine: 'all',
    negated: true,
    nodes: [
      { id: id(3), kind: 'criterion', type: 'marbles', config: { operator: '>', amount: 0 } },
      {
        id: id(4),
        kind: 'rule',
        combine: 'any',
        negated: true,
        nodes: [
          { kind: 'criterion', type: 'paint', config: { operator: 'in', colours: ['red'] } },
          {
            kind: 'rule',
            combine: 'all',
            nodes: [{ id: id(5), kind: 'criterion', type: 'marbles', config: { operator: 'exists' } }],
          },
        ],
      },
    ],
  },
};
