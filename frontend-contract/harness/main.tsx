/**
 * Other renderers on the served document, for the browser tests: RJSF and react-querybuilder as an MFE would use them.
 * Nothing of this is shipped. The tests talk to `window.harness`.
 */
import Form from '@rjsf/core';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { useState } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { flushSync } from 'react-dom';
import { QueryBuilder, type Field, type RuleGroupType } from 'react-querybuilder';
import { toFields, toQuery, toRule, type QueryGroup } from '../src/querybuilder/index.js';
import { createMultiSchemaTemplate, createValidator, toExtraErrors } from '../src/rjsf/index.js';
import type { CriterionType, CriterionTypes, Rule, Violation } from '../src/types.js';

const validator = createValidator();
let root: Root | undefined;
let submitted: unknown = null;
let query: QueryGroup | null = null;

function RjsfForm({ type, violations }: { type: CriterionType; violations: Violation[] }) {
  const [data, setData] = useState<unknown>(undefined);
  const [templates] = useState(() => ({
    MultiSchemaFieldTemplate: createMultiSchemaTemplate({ legend: type.label, label: 'Condition' }),
  }));
  return (
    <main>
      <h1>{type.label}</h1>
      <Form
        schema={type.form.schema as RJSFSchema}
        uiSchema={type.form.ui_schema as UiSchema}
        validator={validator as never}
        templates={templates as never}
        formData={data}
        extraErrors={toExtraErrors(violations, '/rule/nodes/0/config') as never}
        showErrorList={false}
        noHtml5Validate
        onChange={(event) => {
          submitted = null;
          setData(event.formData);
        }}
        onSubmit={(event) => {
          submitted = event.formData;
        }}
      />
    </main>
  );
}

function Builder({ document: contract, rule }: { document: CriterionTypes; rule: Rule }) {
  const [value, setValue] = useState(() => toQuery(rule, contract) as unknown as RuleGroupType);
  query = value as unknown as QueryGroup;
  return (
    <main>
      <QueryBuilder
        fields={toFields(contract).map((field) => ({ ...field, valueEditorType: field.valueEditorType }) as unknown as Field)}
        query={value}
        onQueryChange={(changed) => {
          query = changed as unknown as QueryGroup;
          setValue(changed as RuleGroupType);
        }}
        combinators={contract.combinators.map(({ id, label }) => ({ name: id, label }))}
        showNotToggle
      />
    </main>
  );
}

let drawn = 0;
function draw(element: (key: number) => JSX.Element, isNew: boolean) {
  root ??= createRoot(document.getElementById('root')!);
  drawn += isNew ? 1 : 0;
  flushSync(() => root!.render(element(drawn)));
}

const harness = {
  form(type: CriterionType, violations: Violation[] = [], isNew = true) {
    submitted = null;
    draw((key) => <RjsfForm key={key} type={type} violations={violations} />, isNew);
  },
  submitted: () => submitted,
  query(contract: CriterionTypes, rule: Rule) {
    draw((key) => <Builder key={key} document={contract} rule={rule} />, true);
  },
  rule: (contract: CriterionTypes) => (query ? toRule(query, contract) : null),
};

declare global {
  interface Window {
    harness: typeof harness;
  }
}
window.harness = harness;
