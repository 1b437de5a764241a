/** What RJSF needs beside the served schema: a validator that reads `discriminator`, and a template that labels. */
import type { FormContextType, MultiSchemaFieldTemplateProps, RJSFSchema, StrictRJSFSchema } from '@rjsf/utils';
import { customizeValidator } from '@rjsf/validator-ajv8';
import { isValidElement, type ReactElement } from 'react';

export { toExtraErrors } from '../violations.js';

/** One error for a wrong value, instead of one for each operator that was not meant. */
export function createValidator<T = unknown>() {
  return customizeValidator<T>({ ajvOptionsOverrides: { discriminator: true } });
}

/** The id that RJSF gives to the select of a `oneOf`, found on whatever element it handed over. */
function selectIdOf(selector: ReactElement | undefined): string | undefined {
  const props: { id?: unknown } = isValidElement(selector) ? (selector.props as { id?: unknown }) : {};
  return typeof props.id === 'string' ? props.id : undefined;
}

/**
 * Makes the template that draws the choice of operator. RJSF draws that select without a name, which no screen reader
 * can announce. `legend` names the criterion, `label` the select; both come from the metadata or from the page.
 */
export function createMultiSchemaTemplate(texts: { legend: string; label: string }) {
  return function MultiSchemaFieldTemplate<
    T = unknown,
    S extends StrictRJSFSchema = RJSFSchema,
    F extends FormContextType = FormContextType,
  >({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps<T, S, F>) {
    return (
      <fieldset>
        <legend>{texts.legend}</legend>
        <div className="form-group">
          <label htmlFor={selectIdOf(selector as ReactElement)}>{texts.label}</label>
          {selector}
        </div>
        {optionSchemaField}
      </fieldset>
    );
  };
}
