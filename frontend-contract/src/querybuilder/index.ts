/**
 * A rule as a query of react-querybuilder, and back.
 *
 * A criterion type is a field of the query builder, its operators are that field's operators, and a value is what the
 * operator needs. Where an operator compares one field of the configuration, the value is that field's: text, a number,
 * a list, or for `between` a pair. Any other configuration (a choice between days and a date, a value with an option
 * beside it) is an object, for which a value editor has to be passed in; `hasPlainValue` tells them apart.
 *
 * `toRule(toQuery(rule, document), document)` is `rule` again, key for key: ids of saved nodes and what was left out
 * are remembered in `meta`, which the query builder carries along.
 */
import { findType } from '../document.js';
import type { Combine, CriterionNode, CriterionType, CriterionTypes, NestedRule, Operator, Rule } from '../types.js';

/** What the query builder does not know but the wire needs. */
export interface NodeMeta {
  /** The id of the saved node. The query builder's own `id` is none: it gives one to every new node. */
  nodeId?: string;
  /** Whether `kind` was written, which the outermost node may leave out. */
  kind?: boolean;
  /** Whether the configuration stands in `value` as it is. */
  plain?: boolean;
}

export interface QueryRule {
  id?: string;
  field: string;
  operator: string;
  value: unknown;
  meta?: NodeMeta;
}

export interface QueryGroup {
  id?: string;
  combinator: string;
  not?: boolean;
  rules: (QueryRule | QueryGroup)[];
  meta?: NodeMeta;
}

/** A field of react-querybuilder with its operators and its choices. */
export interface QueryField {
  name: string;
  label: string;
  operators: { name: string; label: string }[];
  defaultOperator?: string;
  inputType: 'text' | 'number' | 'date';
  valueEditorType: (operator: string) => 'text' | 'select' | 'multiselect';
  values?: { name: string; label: string }[];
  disabled?: boolean;
}

type Config = CriterionNode['config'];

const isGroup = (node: QueryRule | QueryGroup): node is QueryGroup => 'rules' in node;

/** The one field whose value stands for the whole configuration under this operator, if there is one. */
function soleField(operator: Operator | undefined): string | undefined {
  const isSole = operator && operator.fields.length === 1 && !operator.requires.length && !operator.options.length;
  return isSole ? operator.fields[0] : undefined;
}

/** Whether every operator of the type takes a value that the query builder's own editors can edit. */
export function hasPlainValue(type: CriterionType): boolean {
  return type.operators.every(
    (operator) => soleField(operator) !== undefined || (operator.arity === 'none' && !operator.requires.length),
  );
}

/** The fields for `<QueryBuilder fields={…}>`: the criterion types of the document. */
export function toFields(document: CriterionTypes): QueryField[] {
  return document.criterion_types.map((type) => toField(type));
}

function toField(type: CriterionType): QueryField {
  const first = type.operators.map(soleField).find((name) => name !== undefined);
  const field = type.fields.find(({ name }) => name === first);
  const results = field?.choices.results;
  const list = field?.multiple ? 'multiselect' : 'select';
  const queryField: QueryField = {
    name: type.id,
    label: type.label,
    operators: type.operators.map(({ id, label }) => ({ name: id, label })),
    inputType: inputType(field?.value_type),
    valueEditorType: () => (results ? list : 'text'),
    disabled: type.availability.status === 'unavailable',
  };
  if (type.default_operator) {
    queryField.defaultOperator = type.default_operator;
  }
  if (results) {
    queryField.values = results.map(({ value, label }) => ({ name: value, label }));
  }
  return queryField;
}

function inputType(valueType: string | undefined): QueryField['inputType'] {
  if (valueType === 'integer' || valueType === 'decimal' || valueType === 'percent') {
    return 'number';
  }
  return valueType === 'date' ? 'date' : 'text';
}

/** The query of a rule. */
export function toQuery(rule: Rule | NestedRule, document: CriterionTypes): QueryGroup {
  const group: QueryGroup = {
    ...(rule.id === undefined ? {} : { id: rule.id }),
    combinator: rule.combine,
    rules: rule.nodes.map((node) => (node.kind === 'rule' ? toQuery(node, document) : toQueryRule(node, document))),
    meta: { ...(rule.id === undefined ? {} : { nodeId: rule.id }), kind: 'kind' in rule },
  };
  return rule.negated === undefined ? group : { ...group, not: rule.negated };
}

function toQueryRule(node: CriterionNode, document: CriterionTypes): QueryRule {
  const { operator, ...values } = node.config;
  const sole = soleField(operatorOf(document, node.type, operator));
  const names = Object.keys(values);
  const isPlain = typeof operator === 'string' && sole !== undefined && names.length === 1 && names[0] === sole;
  const identity = node.id === undefined ? {} : { id: node.id };
  return {
    ...identity,
    field: node.type,
    operator: typeof operator === 'string' ? operator : '',
    value: isPlain ? toPlain(values[sole]) : values,
    meta: { ...(node.id === undefined ? {} : { nodeId: node.id }), plain: isPlain },
  };
}

/** A range as the pair that the query builder edits. */
function toPlain(value: unknown): unknown {
  return isRange(value) ? [value.from, value.to] : value;
}

function isRange(value: unknown): value is { from: unknown; to: unknown } {
  return typeof value === 'object' && value !== null && 'from' in value && 'to' in value;
}

/** The rule of a query. Numbers that an editor left as text become numbers where the metadata asks for them. */
export function toRule(query: QueryGroup, document: CriterionTypes): Rule {
  return groupToRule(query, document, new Set(), query.meta?.kind ?? false) as Rule;
}

function groupToRule(query: QueryGroup, document: CriterionTypes, seen: Set<string>, kind: boolean): Rule | NestedRule {
  return {
    ...idOf(query.meta, seen),
    ...(kind ? { kind: 'rule' as const } : {}),
    combine: query.combinator as Combine,
    ...(query.not === undefined ? {} : { negated: query.not }),
    nodes: query.rules.map((node) =>
      isGroup(node) ? (groupToRule(node, document, seen, true) as NestedRule) : toNode(node, document, seen),
    ),
  };
}

function toNode(rule: QueryRule, document: CriterionTypes, seen: Set<string>): CriterionNode {
  return {
    ...idOf(rule.meta, seen),
    kind: 'criterion',
    type: rule.field,
    config: { ...(rule.operator === '' ? {} : { operator: rule.operator }), ...toValues(rule, document) },
  };
}

/** A cloned row carries the id of the row that it was made from: only the first one is the saved node. */
function idOf(meta: NodeMeta | undefined, seen: Set<string>): { id?: string } {
  if (meta?.nodeId === undefined || seen.has(meta.nodeId)) {
    return {};
  }
  seen.add(meta.nodeId);
  return { id: meta.nodeId };
}

function toValues(rule: QueryRule, document: CriterionTypes): Config {
  const operator = operatorOf(document, rule.field, rule.operator);
  const sole = soleField(operator);
  const isObject = typeof rule.value === 'object' && rule.value !== null && !Array.isArray(rule.value);
  if (isObject) {
    return rule.value as Config;
  }
  if (sole === undefined) {
    return {};
  }
  const field = findType(document, rule.field)?.fields.find(({ name }) => name === sole);
  const isNumber = inputType(field?.value_type) === 'number';
  const read = (value: unknown): unknown =>
    (isNumber && typeof value === 'string' && value.trim() !== '' ? Number(value) : value);
  if (operator?.arity === 'two') {
    const [from, to] = toList(rule.value);
    return { [sole]: { from: read(from), to: read(to) } };
  }
  return { [sole]: field?.multiple ? toList(rule.value).map(read) : read(rule.value) };
}

/** The query builder keeps lists as text with commas, unless its `listsAsArrays` is set. */
function toList(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value;
  }
  return typeof value === 'string' ? value.split(',').map((item) => item.trim()).filter(Boolean) : [];
}

function operatorOf(document: CriterionTypes, type: string, operator: unknown): Operator | undefined {
  return findType(document, type)?.operators.find(({ id }) => id === operator);
}
