import { update, type RuleGroupType } from 'react-querybuilder';
import { describe, expect, it } from 'vitest';
import { hasPlainValue, toFields, toQuery, toRule, type QueryGroup } from '../src/querybuilder/index.js';
import { findType, type Rule } from '../src/index.js';
import { document } from './support/document.js';
import { definitions, metadataOf } from './support/fixtures.js';
import { rules } from './support/rules.js';

const queryOf = (rule: Rule) => toQuery(rule, document);

describe('toQuery and toRule', () => {
  it.each(Object.entries(rules))('are the identity together: %s', (_name, rule) => {
    expect(toRule(queryOf(rule), document)).toEqual(rule);
  });

  const valid = definitions.filter((fixture) => fixture.valid);
  it('are the identity together on every valid fixture', () => {
    expect(valid.length).toBeGreaterThan(100);
    valid.forEach(({ name, scope, definition }) => {
      const contract = metadataOf(scope);
      const before = structuredClone(definition);
      expect(toRule(toQuery(definition, contract), contract), name).toEqual(before);
    });
  });

  it('survive the way through the query builder’s own code', () => {
    const rule = rules['nested, negated and saved']!;
    const edited = update(queryOf(rule) as unknown as RuleGroupType, 'value', 5, [0]);
    const expected = structuredClone(rule);
    (expected.nodes[0] as { config: object }).config = { operator: '>', amount: 5 };
    expect(toRule(edited as unknown as QueryGroup, document)).toEqual(expected);
  });

  it('give the query builder plain values where it can edit them', () => {
    expect(queryOf(rules['one value']!).rules[0]).toMatchObject({ field: 'marbles', operator: '>', value: 3 });
    expect(queryOf(rules['a range']!).rules[0]).toMatchObject({ operator: 'between', value: [0, 7] });
    expect(queryOf(rules['a list']!).rules[0]).toMatchObject({ operator: 'not_in', value: ['sea_green', 'red'] });
    expect(queryOf(rules['a choice of fields with an option']!).rules[0]).toMatchObject({
      value: { days: 10, include_never: true },
    });
  });

  it('read what the builder’s editors leave as text', () => {
    const query: QueryGroup = {
      combinator: 'all',
      rules: [
        { field: 'marbles', operator: 'between', value: ['1', '2'] },
        { field: 'paint', operator: 'in', value: ['red'] },
        { field: 'marbles', operator: 'between', value: '1,2' },
        { field: 'paint', operator: 'in', value: 'red, sea_green' },
        { field: 'marbles', operator: 'exists', value: '' },
      ],
    };
    expect(toRule(query, document).nodes.map((node) => 'config' in node && node.config)).toEqual([
      { operator: 'between', amount: { from: 1, to: 2 } },
      { operator: 'in', colours: ['red'] },
      { operator: 'between', amount: { from: 1, to: 2 } },
      { operator: 'in', colours: ['red', 'sea_green'] },
      { operator: 'exists' },
    ]);
  });

  it('keep the id of a saved node for the first of its clones only', () => {
    const query = queryOf(rules['a type that is gone']!);
    const cloned = { ...query, rules: [query.rules[0]!, query.rules[0]!] };
    expect(toRule(cloned, document).nodes.map(({ id }) => id)).toEqual(['00000000-0000-4000-8000-000000000001', undefined]);
  });
});

describe('toFields', () => {
  it('offers every type with its operators, choices and state', () => {
    const fields = toFields(document);
    expect(fields.map(({ name, disabled }) => [name, disabled])).toEqual([
      ['marbles', false],
      ['paint', false],
      ['visit', false],
      ['shelf', false],
      ['gone', true],
    ]);
    expect(fields[0]).toMatchObject({
      inputType: 'number',
      defaultOperator: '>',
      operators: [{ name: '>' }, { name: 'between' }, { name: 'exists' }],
    });
    expect(fields[1]?.values).toEqual([{ name: 'red', label: 'Red' }, { name: 'sea_green', label: 'Sea green' }]);
    expect(fields[1]?.valueEditorType('in')).toBe('multiselect');
  });

  it('tells which types need an editor of their own', () => {
    const plain = document.criterion_types.filter((type) => type.operators.length && hasPlainValue(type));
    expect(plain.map(({ id }) => id)).toEqual(['marbles', 'paint']);
    expect(hasPlainValue(findType(document, 'visit')!)).toBe(false);
  });
});
