/** Yes or no, with its label beside the box. */
import { Form } from '@openedx/paragon';
import type { ChangeEvent } from 'react';
import { describedBy, Messages } from '../common/Messages.js';

interface Props {
  id: string;
  label: string;
  help?: string;
  checked: boolean;
  errors?: readonly string[];
  onChange: (checked: boolean) => void;
}

export function CheckControl({ id, label, help, checked, errors = [], onChange }: Props) {
  return (
    <div className="form-group">
      <Form.Checkbox
        id={id}
        checked={checked}
        aria-describedby={describedBy(help && `${id}-help`, errors.length > 0 && `${id}-errors`)}
        onChange={(event: ChangeEvent<HTMLInputElement>) => onChange(event.target.checked)}
      >
        {label}
      </Form.Checkbox>
      {help && <div id={`${id}-help`} className="pgn__form-text small">{help}</div>}
      <Messages id={`${id}-errors`} texts={errors} />
    </div>
  );
}
