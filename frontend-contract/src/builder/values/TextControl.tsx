/** One value that is typed: a number, a date, text; or a list of texts, one a line. */
import { Form } from '@openedx/paragon';
import type { ChangeEvent } from 'react';
import type { ValueField } from '../../types.js';
import { describedBy, Messages } from '../common/Messages.js';
import { isNumber } from './draftValue.js';

interface Props {
  id: string;
  label: string;
  help?: string;
  field: ValueField;
  value: string;
  errors: readonly string[];
  isRequired: boolean;
  onChange: (value: string) => void;
}

function inputType(field: ValueField): string {
  if (isNumber(field)) {
    return 'number';
  }
  return { date: 'date', datetime: 'datetime-local' }[field.value_type] ?? 'text';
}

export function TextControl({ id, label, help, field, value, errors, isRequired, onChange }: Props) {
  const bounds = isNumber(field) ? { min: field.minimum ?? undefined, max: field.maximum ?? undefined } : {};
  return (
    <div className="form-group">
      <label htmlFor={id} className="pgn__form-label">{label}</label>
      <Form.Control
        id={id}
        className="user-groups-input"
        as={field.multiple ? 'textarea' : 'input'}
        {...(field.multiple ? { rows: 3 } : { type: inputType(field), step: field.step ?? 'any' })}
        {...bounds}
        value={value}
        isInvalid={errors.length > 0}
        aria-invalid={errors.length > 0}
        aria-required={isRequired}
        aria-describedby={describedBy(help && `${id}-help`, errors.length > 0 && `${id}-errors`)}
        onChange={(event: ChangeEvent<HTMLInputElement>) => onChange(event.target.value)}
      />
      {help && <div id={`${id}-help`} className="pgn__form-text small">{help}</div>}
      <Messages id={`${id}-errors`} texts={errors} />
    </div>
  );
}
