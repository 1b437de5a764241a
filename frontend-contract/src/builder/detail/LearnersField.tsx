/** Learners as text, with the server's word on each of them. */
import { Form } from '@openedx/paragon';
import type { ChangeEvent } from 'react';
import { FormattedMessage } from 'react-intl';
import type { Violation } from '../../types.js';
import { parsePointer } from '../../violations.js';
import { describedBy, Messages } from '../common/Messages.js';
import messages from '../messages.js';

const ID = 'user-groups-add-learners';

interface Props {
  value: string;
  learners: readonly string[];
  violations: readonly Violation[];
  onChange: (value: string) => void;
}

export function LearnersField({ value, learners, violations, onChange }: Props) {
  const errors = violations.map(({ pointer, message }) => {
    const [, index] = parsePointer(pointer);
    const learner = index === undefined ? undefined : learners[Number(index)];
    return learner ? `${learner}: ${message}` : message;
  });
  return (
    <div className="form-group">
      <label htmlFor={ID} className="pgn__form-label"><FormattedMessage {...messages.addLearners} /></label>
      <Form.Control
        id={ID}
        as="textarea"
        rows={2}
        value={value}
        isInvalid={errors.length > 0}
        aria-invalid={errors.length > 0}
        aria-describedby={describedBy(errors.length > 0 && `${ID}-errors`)}
        onChange={(event: ChangeEvent<HTMLTextAreaElement>) => onChange(event.target.value)}
      />
      <Messages id={`${ID}-errors`} texts={errors} />
    </div>
  );
}
