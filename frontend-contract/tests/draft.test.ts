import { describe, expect, it } from 'vitest';
import {
  countCriteria,
  fieldsOf,
  neighbourOf,
  newCriterion,
  newRule,
  removeNode,
  replaceNode,
  toDraft,
  toRule,
  withOperator,
  withType,
  type DraftCriterion,
  type DraftRule,
} from '../src/builder/draft.js';
import { document } from './support/document.js';
import { definitions, metadataOf } from './support/fixtures.js';
import { findType, type CriterionTypes, type Rule, type RuleNode } from '../src/index.js';
import { rules } from './support/rules.js';

const complete = (node: { negated?: boolean; nodes: unknown[] }): unknown => ({
  ...node,
  kind: 'rule',
  negated: node.negated ?? false,
  nodes: node.nodes.map((child) => ('nodes' in (child as object) ? complete(child as never) : child)),
});

/** Options that were left out are written with their default once a form has drawn them. */
const defaults: Record<string, object> = { 'a range of dates': { include_never: false } };

describe('a saved rule', () => {
  it.each(Object.entries(rules))('comes out of the form as it went in: %s', (name, rule) => {
    const { rule: out, gaps } = toRule(document, toDraft(document, rule));
    const expected = structuredClone(rule);
    if (defaults[name]) {
      Object.assign((expected.nodes[0] as { config: object }).config, defaults[name]);
    }
    expect(out).toEqual(complete(expected));
    expect(gaps).toEqual([]);
  });
});

describe('every valid fixture', () => {
  /** Without the options that say what would hold without them. */
  const withoutDefaults = (node: RuleNode | Rule, contract: CriterionTypes): unknown => {
    if ('nodes' in node) {
      return complete({ ...node, nodes: node.nodes.map((child) => withoutDefaults(child, contract)) });
    }
    const fields = findType(contract, node.type)?.fields ?? [];
    const said = Object.entries(node.config).filter(
      ([name, value]) => !fields.some((field) => field.name === name && field.default !== null && field.default === value),
    );
    return { ...node, config: Object.fromEntries(said) };
  };

  it('comes out of the form as it went in', () => {
    definitions.filter(({ valid }) => valid).forEach(({ name, scope, definition }) => {
      const contract = metadataOf(scope);
      const { rule, gaps } = toRule(contract, toDraft(contract, definition));
      expect(gaps, name).toEqual([]);
      expect(withoutDefaults(rule, contract), name).toEqual(withoutDefaults(definition, contract));
    });
  });
});

describe('what is missing', () => {
  it('is told at its place', () => {
    const visit = withOperator(document, withType(document, newCriterion(), 'visit'), 'between');
    const shelf = withType(document, newCriterion(), 'shelf');
    const paint = withType(document, newCriterion(), 'paint');
    const inner: DraftRule = { ...newRule(), nodes: [] };
    const draft: DraftRule = { ...newRule(), nodes: [newCriterion(), visit, shelf, paint, inner] };
    expect(toRule(document, draft).gaps).toEqual([
      { pointer: '/rule/nodes/0/type', code: 'missing_field' },
      { pointer: '/rule/nodes/1/config/days/from', code: 'missing_field' },
      { pointer: '/rule/nodes/1/config/days/to', code: 'missing_field' },
      { pointer: '/rule/nodes/2/config/place', code: 'missing_field' },
      { pointer: '/rule/nodes/2/config/share', code: 'missing_field' },
      { pointer: '/rule/nodes/3/config/colours', code: 'empty_list' },
      { pointer: '/rule/nodes/4/nodes', code: 'empty_node' },
    ]);
  });
});

describe('a criterion', () => {
  const marbles = (amount: string): DraftCriterion => ({
    ...withType(document, newCriterion(), 'marbles'),
    values: { amount },
  });
  const configOf = (criterion: DraftCriterion) =>
    (toRule(document, { ...newRule(), nodes: [criterion] }).rule.nodes[0] as { config: object }).config;

  it.each([
    ['12', 12],
    [' 1.5 ', 1.5],
    ['-0', -0],
    ['a lot', 'a lot'],
    ['Infinity', 'Infinity'],
  ])('sends %j as %j', (text, value) => {
    expect(configOf(marbles(text))).toEqual({ operator: '>', amount: value });
  });

  it('keeps what was filled in while other operators are tried', () => {
    const range = withOperator(document, marbles('12'), 'between');
    expect(fieldsOf(document, range).map(({ field }) => field.name)).toEqual(['amount']);
    expect(configOf(withOperator(document, range, '>'))).toEqual({ operator: '>', amount: 12 });
    expect(configOf(withOperator(document, range, 'exists'))).toEqual({ operator: 'exists' });
  });

  it('forgets it when the type changes', () => {
    expect(withType(document, marbles('12'), 'paint')).toMatchObject({ type: 'paint', operator: 'in', values: {} });
  });
});

describe('the tree', () => {
  const [a, b, c] = [newCriterion(), newCriterion(), newCriterion()];
  const inner: DraftRule = { ...newRule(), nodes: [b!, c!] };
  const tree: DraftRule = { ...newRule(), nodes: [a!, inner] };

  it('counts its criteria', () => expect(countCriteria(tree)).toBe(3));

  it('replaces and removes nodes at any depth', () => {
    const changed = replaceNode(tree, c!.key, (node) => withType(document, node as DraftCriterion, 'paint'));
    expect((changed.nodes[1] as DraftRule).nodes.map((node) => 'type' in node && node.type)).toEqual(['', 'paint']);
    expect(removeNode(tree, b!.key).nodes).toEqual([a, { ...inner, nodes: [c] }]);
    expect(removeNode(tree, inner.key).nodes).toEqual([a]);
  });

  it('says where the focus goes after a removal', () => {
    expect(neighbourOf(tree, a!.key)).toBe(inner.key);
    expect(neighbourOf(tree, b!.key)).toBe(c!.key);
    expect(neighbourOf(tree, c!.key)).toBe(b!.key);
    expect(neighbourOf({ ...tree, nodes: [{ ...inner, nodes: [b!] }] }, b!.key)).toBe(inner.key);
  });
});
