/** One of a few choices. */
import { Form } from '@openedx/paragon';
import type { ChangeEvent, ReactNode } from 'react';
import { describedBy, Messages } from '../common/Messages.js';

interface Props {
  id: string;
  label: string;
  help?: string;
  value: string;
  errors?: readonly string[];
  /** The `<option>` elements. */
  children: ReactNode;
  onChange: (value: string) => void;
}

export function SelectControl({ id, label, help, value, errors = [], children, onChange }: Props) {
  return (
    <div className="form-group">
      <label htmlFor={id} className="pgn__form-label">{label}</label>
      <Form.Control
        id={id}
        as="select"
        value={value}
        isInvalid={errors.length > 0}
        aria-invalid={errors.length > 0}
        aria-describedby={describedBy(help && `${id}-help`, errors.length > 0 && `${id}-errors`)}
        onChange={(event: ChangeEvent<HTMLSelectElement>) => onChange(event.target.value)}
      >
        {children}
      </Form.Control>
      {help && <div id={`${id}-help`} className="pgn__form-text small">{help}</div>}
      <Messages id={`${id}-errors`} texts={errors} />
    </div>
  );
}
