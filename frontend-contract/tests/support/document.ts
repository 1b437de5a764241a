/** A contract document of invented criterion types, one of each shape: nothing here exists in any catalogue. */
import type { CriterionType, CriterionTypes, Operator, ValueField } from '../../src/types.js';

function field(name: string, valueType: string, rest: Partial<ValueField> = {}): ValueField {
  return {
    name,
    label: `Label of ${name}`,
    help_text: '',
    value_type: valueType,
    multiple: false,
    unit: null,
    minimum: null,
    maximum: null,
    step: null,
    scale: null,
    default: null,
    time_zone: null,
    missing_meaning: '',
    choices: { mode: 'none' },
    ...rest,
  };
}

function operator(id: string, arity: Operator['arity'], fields: string[], rest: Partial<Operator> = {}): Operator {
  return {
    id,
    label: `phrase ${id}`,
    arity,
    fields,
    requires: [],
    options: [],
    includes_missing: false,
    complement_of: null,
    ...rest,
  };
}

function type(id: string, fields: ValueField[], operators: Operator[], rest: Partial<CriterionType> = {}): CriterionType {
  return {
    id,
    version: 1,
    label: `Type ${id}`,
    help_text: `About ${id}.`,
    category: 'invented',
    category_label: 'Invented',
    scopes: ['course'],
    availability: { status: 'available', reason_code: null, message: null },
    data_source: { id: 'somewhere', label: 'Somewhere' },
    freshness: { mode: 'live', as_of: null, refresh_interval: null },
    time_sensitive: false,
    capabilities: [{ id: 'preview' }],
    fields,
    operators,
    default_operator: operators[0]?.id ?? null,
    cross_field_rules: [],
    form: { schema: { type: 'object' }, ui_schema: {} },
    ...rest,
  };
}

const colours = [
  { value: 'red', label: 'Red' },
  { value: 'sea_green', label: 'Sea green' },
];

export const document: CriterionTypes = {
  contract_version: '1.0',
  revision: 'r1',
  locale: 'en',
  scope: { type: 'course', key: 'course-v1:A+B+C' },
  limits: {
    criteria: 3,
    depth: 3,
    sample_size: 25,
    list_items: 1000,
    overlap_groups: 20,
    pinned_examples: 100,
    as_of_days_back: 90,
    as_of_days_ahead: 90,
    preview_seconds: 3,
    preview_job_seconds: 300,
    preview_token_seconds: 3600,
  },
  capabilities: [{ id: 'funnel' }, { id: 'overlap' }, { id: 'as_of' }, { id: 'token' }],
  combinators: [
    { id: 'all', label: 'all of these' },
    { id: 'any', label: 'any of these' },
  ],
  error_codes: [
    { id: 'missing_field', message: 'Fill in this field.' },
    { id: 'empty_list', message: 'Choose at least one.' },
    { id: 'empty_node', message: 'Add at least one criterion.' },
    { id: 'rule_version_conflict', message: 'Somebody else changed it.' },
  ],
  criterion_types: [
    type(
      'marbles',
      [field('amount', 'integer', { unit: 'marbles', minimum: 0, maximum: 500, scale: 0, step: 1 })],
      [operator('>', 'one', ['amount']), operator('between', 'two', ['amount']), operator('exists', 'none', [])],
    ),
    type(
      'paint',
      [field('colours', 'enum', { multiple: true, choices: { mode: 'inline', closed: true, results: colours } })],
      [
        operator('in', 'list', ['colours']),
        operator('not_in', 'list', ['colours'], { complement_of: 'in', includes_missing: true }),
      ],
    ),
    type(
      'visit',
      [
        field('days', 'integer', { unit: 'days', minimum: 0 }),
        field('date', 'date', { time_zone: 'UTC' }),
        field('include_never', 'boolean', { default: false }),
      ],
      [
        operator('<', 'one', ['days', 'date'], { options: ['include_never'] }),
        operator('between', 'two', ['days', 'date'], { options: ['include_never'] }),
      ],
    ),
    type(
      'shelf',
      [
        field('place', 'usage_key', {
          choices: {
            mode: 'remote',
            closed: false,
            url: 'criterion_types/shelf/choices/place/',
            search_param: 'search',
            page_size: 25,
            resolve_param: 'value',
          },
        }),
        field('share', 'percent', { unit: '%', minimum: 0, maximum: 100, scale: 2, step: 0.01 }),
      ],
      [operator('>=', 'one', ['share'], { requires: ['place'] })],
    ),
    type('gone', [], [], {
      availability: { status: 'unavailable', reason_code: 'criterion_type_missing', message: 'Its app is not installed.' },
    }),
  ],
};
