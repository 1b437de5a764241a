/** A line of text with its label and its mistakes. */
import { Form } from '@openedx/paragon';
import type { ChangeEvent } from 'react';
import { describedBy, Messages } from './Messages.js';

interface Props {
  id: string;
  label: string;
  help?: string;
  value: string;
  errors?: readonly string[];
  isRequired?: boolean;
  maxLength?: number;
  onChange: (value: string) => void;
}

export function TextInput({ id, label, help, value, errors = [], isRequired = false, maxLength, onChange }: Props) {
  return (
    <div className="form-group">
      <label htmlFor={id} className="pgn__form-label">{label}</label>
      <Form.Control
        id={id}
        type="text"
        value={value}
        maxLength={maxLength}
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
