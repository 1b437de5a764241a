import camelCase from 'lodash.camelcase';
import { describe, expect, it } from 'vitest';
import { camelCaseContract, snakeCaseContract } from '../src/index.js';
import { document } from './support/document.js';
import { answers } from './support/fixtures.js';
import { rules } from './support/rules.js';

const problem = {
  code: 'validation_failed',
  user_message: 'No.',
  errors: { '/rule/nodes/0/config/include_never': ['Wrong.'] },
  violations: [{ pointer: '/name', code: 'max_length', message: 'Too long.', params: { limit_value: 3 } }],
};

const withForm = structuredClone(document);
withForm.criterion_types[0]!.form = {
  schema: { $defs: { a_b: {} }, properties: { include_never: { minItems: 1 } }, oneOf: [] },
  ui_schema: { 'ui:order': ['operator', '*'], include_never: { 'ui:widget': 'updown' } },
};

describe('camelCaseContract', () => {
  it.each([
    ['the document', withForm],
    ['an error', problem],
    ...Object.entries(rules).map(([name, rule]): [string, unknown] => [name, { rule, members_as_of: null }]),
  ])('is undone by snakeCaseContract: %s', (_name, wire) => {
    expect(snakeCaseContract(camelCaseContract(wire))).toEqual(wire);
  });

  it('is undone on every answer among the fixtures', () => {
    expect(answers.length).toBeGreaterThan(50);
    answers.forEach(({ path, body }) => {
      expect(snakeCaseContract(camelCaseContract(body)), path).toEqual(body);
    });
  });

  it('converts the envelope and leaves schemas, configurations and pointers alone', () => {
    const converted = camelCaseContract(withForm);
    expect(converted.criterionTypes[0]?.dataSource.label).toBe('Somewhere');
    expect(converted.criterionTypes[0]?.fields[0]?.valueType).toBe('integer');
    expect(converted.criterionTypes[0]?.form.schema).toEqual(withForm.criterion_types[0]?.form.schema);
    expect(converted.criterionTypes[0]?.form.uiSchema).toEqual(withForm.criterion_types[0]?.form.ui_schema);
    expect(camelCaseContract(problem)).toEqual({
      code: 'validation_failed',
      userMessage: 'No.',
      errors: problem.errors,
      violations: problem.violations,
    });
  });

  it('names the keys of the envelope as frontend-platform does', () => {
    const names = (value: unknown): string[] =>
      (value && typeof value === 'object' ? Object.entries(value).flatMap(([key, item]) => [key, ...names(item)]) : []);
    const keys = [...new Set(names(document))].filter((key) => /[a-z]/.test(key));
    expect(keys.length).toBeGreaterThan(40);
    const converted = new Set(names(camelCaseContract(document)));
    keys.forEach((key) => expect(converted).toContain(camelCase(key)));
  });
});
