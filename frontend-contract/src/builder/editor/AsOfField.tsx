/** The way to the preview of another instant, and back to that of now. Saving always concerns now. */
import { Button, Form } from '@openedx/paragon';
import { useRef, useState, type ChangeEvent, type KeyboardEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useBuilder } from '../common/context.js';
import { describedBy, Messages } from '../common/Messages.js';
import messages from '../messages.js';
import { daysFromNow, type AsOf } from './useAsOf.js';

const ID = 'user-groups-as-of';

export function AsOfField({ asOf, errors }: { asOf: AsOf; errors: readonly string[] }) {
  const [isOpen, setIsOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  // What is wrong with the instant stands at its field.
  const isShown = isOpen || errors.length > 0;
  const backToNow = () => {
    asOf.change('');
    toggle.current?.focus();
  };
  return (
    <div className="mb-2">
      <Button
        ref={toggle}
        variant="link"
        size="sm"
        className="px-0 d-block"
        aria-expanded={isShown}
        onClick={() => setIsOpen(!isShown)}
      >
        <FormattedMessage {...messages.asOfOpen} />
      </Button>
      {isShown && <InstantInput asOf={asOf} errors={errors} />}
      {asOf.text && (
        <Button variant="outline-primary" size="sm" onClick={backToNow}><FormattedMessage {...messages.asOfBack} /></Button>
      )}
    </div>
  );
}

function InstantInput({ asOf: { text, change }, errors }: { asOf: AsOf; errors: readonly string[] }) {
  const intl = useIntl();
  const { as_of_days_back: back, as_of_days_ahead: ahead } = useBuilder().document.limits;
  // Enter would send the form around the field: the group would be saved.
  const keepForm = (event: KeyboardEvent) => event.key === 'Enter' && event.preventDefault();
  return (
    <div className="form-group">
      <label htmlFor={ID} className="pgn__form-label">{intl.formatMessage(messages.asOfLabel)}</label>
      <Form.Control
        id={ID}
        type="datetime-local"
        min={daysFromNow(-back)}
        max={daysFromNow(ahead)}
        value={text}
        isInvalid={errors.length > 0}
        aria-invalid={errors.length > 0}
        aria-describedby={describedBy(`${ID}-help`, errors.length > 0 && `${ID}-errors`)}
        onKeyDown={keepForm}
        onChange={(event: ChangeEvent<HTMLInputElement>) => change(event.target.value)}
      />
      <div id={`${ID}-help`} className="pgn__form-text small">
        <FormattedMessage {...messages.asOfHelp} values={{ back, ahead }} />
      </div>
      <Messages id={`${ID}-errors`} texts={errors} />
    </div>
  );
}
