/** Name and description of a group. */
import { Form } from '@openedx/paragon';
import type { ChangeEvent } from 'react';
import { FormattedMessage } from 'react-intl';
import { Messages } from '../common/Messages.js';
import messages from '../messages.js';
import { controlIdOf, useFeedback } from './feedback.js';

interface Props {
  name: string;
  description: string;
  onName: (name: string) => void;
  onDescription: (description: string) => void;
}

export function PlainFields({ name, description, onName, onDescription }: Props) {
  return (
    <>
      <PlainField place="name" value={name} isRequired onChange={onName} />
      <PlainField place="description" value={description} onChange={onDescription} />
    </>
  );
}

interface FieldProps {
  place: 'name' | 'description';
  value: string;
  isRequired?: boolean;
  onChange: (value: string) => void;
}

function PlainField({ place, value, isRequired = false, onChange }: FieldProps) {
  const errors = useFeedback().within(`/${place}`);
  const id = controlIdOf(`/${place}`);
  return (
    <div className="form-group">
      <label htmlFor={id} className="pgn__form-label"><FormattedMessage {...messages[place]} /></label>
      <Form.Control
        id={id}
        type="text"
        value={value}
        maxLength={place === 'name' ? 255 : undefined}
        isInvalid={errors.length > 0}
        aria-invalid={errors.length > 0}
        aria-required={isRequired}
        aria-describedby={errors.length ? `${id}-errors` : undefined}
        onChange={(event: ChangeEvent<HTMLInputElement>) => onChange(event.target.value)}
      />
      <Messages id={`${id}-errors`} texts={errors} />
    </div>
  );
}
