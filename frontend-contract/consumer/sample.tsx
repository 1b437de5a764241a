/** What an MFE would write, compiled with its TypeScript (4.9.5): the union of nodes has to narrow. */
import { camelCaseContract, type CriterionTypes, type Rule, type RuleNode } from '@openedx/user-groups-contract';
import { toQuery, toRule } from '@openedx/user-groups-contract/querybuilder';
import { usePreview, type ApiClient } from '@openedx/user-groups-contract/react';

export function describe(node: RuleNode): string {
  if (node.kind === 'criterion') {
    return `${node.type} ${String(node.config.operator)}`;
  }
  return `${node.combine}(${node.nodes.map(describe).join(', ')})`;
}

export function roundTrip(rule: Rule, document: CriterionTypes): Rule {
  return toRule(toQuery(rule, document), document);
}

export function revisionOf(document: CriterionTypes): string {
  const { contractVersion, criterionTypes } = camelCaseContract(document);
  const schema: { [key: string]: unknown } | undefined = criterionTypes[0]?.form.schema;
  return `${contractVersion} ${criterionTypes[0]?.dataSource.label ?? ''} ${schema ? 'schema' : ''}`;
}

export function useCount(client: ApiClient, rule: Rule | null): number | undefined {
  const { preview } = usePreview({ client, scope: { type: 'course', key: 'course-v1:A+B+C' }, rule });
  return preview?.count.value;
}

// @ts-expect-error -- a rule without nodes is no rule
export const incomplete: Rule = { combine: 'all' };
// @ts-expect-error -- there is no such combinator
export const wrong: Rule = { combine: 'none', nodes: [] };
