import Form from '@rjsf/core';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { createMultiSchemaTemplate, createValidator, toExtraErrors } from '../src/rjsf/index.js';
import { definitions, metadataOf } from './support/fixtures.js';

const validator = createValidator<Record<string, unknown>>();
const { criterion_types: types } = metadataOf({ type: 'course', key: '' });

describe('the validator', () => {
  it('accepts the configuration of every valid fixture', () => {
    const simple = definitions.filter(({ valid, scope }) => valid && scope.type === 'course')
      .flatMap(({ name, definition }) => definition.nodes.map((node) => ({ name, node })));
    let checked = 0;
    simple.forEach(({ name, node }) => {
      const type = node.kind === 'criterion' && types.find(({ id }) => id === node.type);
      if (type && node.kind === 'criterion') {
        const { errors } = validator.validateFormData(node.config, type.form.schema as RJSFSchema);
        expect(errors, name).toEqual([]);
        checked += 1;
      }
    });
    expect(checked).toBeGreaterThan(100);
  });

  it('has one error for one mistake, whatever the number of operators', () => {
    const type = types.find(({ operators, fields }) => operators.length > 5 && fields[0]?.maximum === 100)!;
    const field = type.fields[0]!;
    const config = { operator: type.operators[0]!.id, [field.name]: 101 };
    const { errors } = validator.validateFormData(config, type.form.schema as RJSFSchema);
    const told = errors.filter(({ property }) => property === `.${field.name}`);
    expect(told.map(({ message }) => message)).toEqual(['must be <= 100']);
    expect(errors.length).toBeLessThan(4);
  });
});

describe('the template', () => {
  const type = types.find(({ fields }) => fields.some(({ maximum }) => maximum === 100))!;
  const field = type.fields.find(({ maximum }) => maximum === 100)!;
  const draw = (extraErrors: object, onSubmit = vi.fn()) => {
    const templates = { MultiSchemaFieldTemplate: createMultiSchemaTemplate({ legend: 'The criterion', label: 'Condition' }) };
    render(
      <Form
        schema={type.form.schema as RJSFSchema}
        uiSchema={type.form.ui_schema as UiSchema}
        validator={validator as never}
        templates={templates as never}
        extraErrors={extraErrors as never}
        showErrorList={false}
        onSubmit={({ formData }) => onSubmit(formData)}
      />,
    );
    return onSubmit;
  };

  it('gives the choice of operator a name', () => {
    draw({});
    expect(screen.getByRole('group', { name: 'The criterion' })).toBeTruthy();
    const select = screen.getByLabelText('Condition') as HTMLSelectElement;
    expect([...select.options].map(({ text }) => text)).toEqual(type.operators.map(({ label }) => label));
  });

  it('leaves the submitted configuration as the API takes it', () => {
    const onSubmit = draw({});
    fireEvent.change(globalThis.document.getElementById(`root_${field.name}`)!, { target: { value: '40' } });
    fireEvent.click(screen.getByRole('button', { name: 'Submit' }));
    expect(onSubmit).toHaveBeenCalledWith({ operator: type.operators[0]!.id, [field.name]: 40 });
  });

  it('shows the server’s violations at their field', () => {
    const pointer = `/rule/nodes/0/config/${field.name}`;
    draw(toExtraErrors([{ pointer, code: 'c', message: 'Not today.', params: {} }], '/rule/nodes/0/config'));
    expect(globalThis.document.getElementById(`root_${field.name}__error`)?.textContent).toBe('Not today.');
  });
});
