/** What the parts of a rule are called, as in the legends of the form. */
import { useIntl } from 'react-intl';
import { findType } from '../../document.js';
import type { Rule, RuleNode } from '../../types.js';
import { parsePointer } from '../../violations.js';
import messages from '../messages.js';
import { useBuilder } from './context.js';

/** Names the node of `rule` at a pointer, or the innermost one around what is no node. */
export function useNodeName(rule: Rule | null): (pointer: string) => string {
  const intl = useIntl();
  const { document } = useBuilder();
  return (pointer) => {
    const { node, number } = find(rule, pointer);
    if (!node || number === '') {
      return intl.formatMessage(messages.rule);
    }
    if (node.kind !== 'criterion') {
      return intl.formatMessage(messages.nestedRule, { number });
    }
    const label = findType(document, node.type)?.label ?? node.type;
    return intl.formatMessage(messages.criterionOf, { number, label });
  };
}

function find(rule: Rule | null, pointer: string): { node: Rule | RuleNode | null; number: string } {
  const steps = parsePointer(pointer).slice(1);
  const numbers: number[] = [];
  let node: Rule | RuleNode | null = rule;
  for (let at = 0; node && node.kind !== 'criterion' && steps[at] === 'nodes'; at += 2) {
    const index = Number(steps[at + 1]);
    const child: RuleNode | undefined = node.nodes[index];
    if (!child) {
      break;
    }
    numbers.push(index + 1);
    node = child;
  }
  return { node, number: numbers.join('.') };
}
