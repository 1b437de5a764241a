/**
 * The rule as it stands in the form: half-filled, with text where the wire has numbers.
 *
 * Nodes have a `key` of their own, which stays while they are edited; `id` is the server's and only saved nodes have
 * one. What was filled in stays when another operator is tried, so that going back loses nothing. Pure functions.
 */
import { findType } from '../document.js';
import { formatPointer } from '../violations.js';
import type { Combine, CriterionNode, CriterionTypes, NestedRule, Rule, RuleNode, ValueField } from '../types.js';
import { emptyValue, fromWire, toWire, type DraftValue } from './values/draftValue.js';

export interface DraftCriterion {
  kind: 'criterion';
  key: string;
  id?: string;
  type: string;
  operator: string;
  /** Of the fields that the operator compares with, the one that is filled in. */
  field: string;
  values: Record<string, DraftValue>;
  /** The configuration of a type that cannot be edited now: it is sent as it came. */
  untouched?: CriterionNode['config'];
}

export interface DraftRule {
  kind: 'rule';
  key: string;
  id?: string;
  combine: Combine;
  negated: boolean;
  nodes: DraftNode[];
}

export type DraftNode = DraftCriterion | DraftRule;

/** Something that has to be filled in before the rule can be sent. `code` is one of the document's. */
export interface Gap {
  pointer: string;
  code: 'missing_field' | 'empty_list' | 'empty_node' | 'unknown_type';
}

let counter = 0;
const newKey = (): string => {
  counter += 1;
  return `node${counter}`;
};

/** A criterion of no type yet. */
export function newCriterion(): DraftCriterion {
  return { kind: 'criterion', key: newKey(), type: '', operator: '', field: '', values: {} };
}

/** A node that combines others, with its first criterion. */
export function newRule(combine: Combine = 'all'): DraftRule {
  return { kind: 'rule', key: newKey(), combine, negated: false, nodes: [newCriterion()] };
}

/** The key under which a field's value is kept: a range and a single value of a field do not overwrite each other. */
export function slotOf(document: CriterionTypes, criterion: DraftCriterion, name: string): string {
  return isRange(document, criterion, name) ? `${name} range` : name;
}

/** Whether the operator wants a range of the field. */
export function isRange(document: CriterionTypes, criterion: DraftCriterion, name: string): boolean {
  const operator = operatorOf(document, criterion);
  return operator?.arity === 'two' && operator.fields.includes(name);
}

/** The operator of the criterion as the document describes it. */
export function operatorOf(document: CriterionTypes, criterion: DraftCriterion) {
  return findType(document, criterion.type)?.operators.find(({ id }) => id === criterion.operator);
}

/** The fields to draw for the operator, in order: what must stand beside the value, the value, what may. */
export function fieldsOf(document: CriterionTypes, criterion: DraftCriterion): { field: ValueField; isOptional: boolean }[] {
  const operator = operatorOf(document, criterion);
  const type = findType(document, criterion.type);
  if (!operator || !type) {
    return [];
  }
  const chosen = operator.fields.length > 1 ? [criterion.field] : operator.fields;
  return [...operator.requires, ...chosen, ...operator.options].flatMap((name) => {
    const field = type.fields.find((candidate) => candidate.name === name);
    return field ? [{ field, isOptional: operator.options.includes(name) }] : [];
  });
}

/** The criterion with another type, its default operator, and nothing filled in. */
export function withType(document: CriterionTypes, criterion: DraftCriterion, typeId: string): DraftCriterion {
  const type = findType(document, typeId);
  const { untouched: _untouched, ...rest } = criterion;
  const blank = { ...rest, type: typeId, operator: '', field: '', values: {} };
  return withOperator(document, blank, type?.default_operator ?? type?.operators[0]?.id ?? '');
}

/** The criterion with another operator; what was filled in is kept. */
export function withOperator(document: CriterionTypes, criterion: DraftCriterion, operatorId: string): DraftCriterion {
  const next = { ...criterion, operator: operatorId };
  const fields = operatorOf(document, next)?.fields ?? [];
  return { ...next, field: fields.includes(next.field) ? next.field : fields[0] ?? '' };
}

/** The value of a field as it stands in the form. */
export function valueOf(document: CriterionTypes, criterion: DraftCriterion, field: ValueField): DraftValue {
  const range = isRange(document, criterion, field.name);
  return criterion.values[slotOf(document, criterion, field.name)] ?? emptyValue(field, range);
}

// ---- The tree --------------------------------------------------------------------------------------------------------
/** The tree with one node replaced. */
export function replaceNode(rule: DraftRule, key: string, change: (node: DraftNode) => DraftNode): DraftRule {
  const visit = (node: DraftNode): DraftNode => {
    const changed = node.key === key ? change(node) : node;
    return changed.kind === 'rule' && changed === node ? { ...node, nodes: changed.nodes.map(visit) } : changed;
  };
  return visit(rule) as DraftRule;
}

/** The tree without one node. */
export function removeNode(rule: DraftRule, key: string): DraftRule {
  const keep = (node: DraftRule): DraftRule => ({
    ...node,
    nodes: node.nodes
      .filter((child) => child.key !== key)
      .map((child) => (child.kind === 'rule' ? keep(child) : child)),
  });
  return keep(rule);
}

/** Where the focus goes when the node is gone: the next of its siblings, the one before, or the node around it. */
export function neighbourOf(rule: DraftRule, key: string): string {
  const index = rule.nodes.findIndex((node) => node.key === key);
  if (index >= 0) {
    return (rule.nodes[index + 1] ?? rule.nodes[index - 1])?.key ?? rule.key;
  }
  const inner = rule.nodes.find((node): node is DraftRule => node.kind === 'rule' && hasNode(node, key));
  return inner ? neighbourOf(inner, key) : rule.key;
}

function hasNode(rule: DraftRule, key: string): boolean {
  return rule.nodes.some((node) => node.key === key || (node.kind === 'rule' && hasNode(node, key)));
}

/** How many criteria the rule has. */
export function countCriteria(rule: DraftRule): number {
  return rule.nodes.reduce((sum, node) => sum + (node.kind === 'rule' ? countCriteria(node) : 1), 0);
}

// ---- From and to the wire --------------------------------------------------------------------------------------------
/** The draft of a saved rule. */
export function toDraft(document: CriterionTypes, rule: Rule | NestedRule): DraftRule {
  return {
    kind: 'rule',
    key: newKey(),
    ...(rule.id ? { id: rule.id } : {}),
    combine: rule.combine,
    negated: rule.negated ?? false,
    nodes: rule.nodes.map((node) => (node.kind === 'rule' ? toDraft(document, node) : criterionToDraft(document, node))),
  };
}

function criterionToDraft(document: CriterionTypes, node: CriterionNode): DraftCriterion {
  const type = findType(document, node.type);
  const base: DraftCriterion = {
    kind: 'criterion',
    key: newKey(),
    ...(node.id ? { id: node.id } : {}),
    type: node.type,
    operator: String(node.config.operator ?? ''),
    field: '',
    values: {},
  };
  const operator = operatorOf(document, base);
  if (!type || !operator) {
    return { ...base, untouched: node.config };
  }
  const draft = { ...base, field: operator.fields.find((name) => name in node.config) ?? operator.fields[0] ?? '' };
  const values = type.fields
    .filter(({ name }) => name in node.config)
    .map((field) => [slotOf(document, draft, field.name), fromWire(field, node.config[field.name])]);
  return { ...draft, values: Object.fromEntries(values) as Record<string, DraftValue> };
}

/** The rule as the API takes it, and what is missing before it can be sent. */
export function toRule(document: CriterionTypes, draft: DraftRule): { rule: Rule; gaps: Gap[] } {
  const gaps: Gap[] = [];
  const rule = ruleToWire(document, draft, ['rule'], gaps);
  return { rule, gaps };
}

function ruleToWire(document: CriterionTypes, draft: DraftRule, path: (string | number)[], gaps: Gap[]): NestedRule {
  if (!draft.nodes.length) {
    gaps.push({ pointer: formatPointer([...path, 'nodes']), code: 'empty_node' });
  }
  return {
    ...(draft.id ? { id: draft.id } : {}),
    kind: 'rule',
    combine: draft.combine,
    negated: draft.negated,
    nodes: draft.nodes.map((node, index): RuleNode => {
      const at = [...path, 'nodes', index];
      return node.kind === 'rule' ? ruleToWire(document, node, at, gaps) : criterionToWire(document, node, at, gaps);
    }),
  };
}

function criterionToWire(
  document: CriterionTypes,
  draft: DraftCriterion,
  path: (string | number)[],
  gaps: Gap[],
): CriterionNode {
  const head = { ...(draft.id ? { id: draft.id } : {}), kind: 'criterion' as const, type: draft.type };
  if (draft.untouched) {
    return { ...head, config: draft.untouched };
  }
  if (!draft.type) {
    gaps.push({ pointer: formatPointer([...path, 'type']), code: 'missing_field' });
  }
  const config: CriterionNode['config'] = { operator: draft.operator };
  fieldsOf(document, draft).forEach(({ field, isOptional }) => {
    const { value, missing } = toWire(field, valueOf(document, draft, field));
    if (!missing.length) {
      config[field.name] = value;
    } else if (!isOptional) {
      const code = field.multiple ? 'empty_list' : 'missing_field';
      missing.forEach((step) => gaps.push({ pointer: formatPointer([...path, 'config', field.name, ...step]), code }));
    }
  });
  return { ...head, config };
}
