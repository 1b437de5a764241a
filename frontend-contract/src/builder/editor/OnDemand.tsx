/** More about those who match, which is asked for by hand and forgotten when it is hidden. */
import { Button } from '@openedx/paragon';
import { useState, type ReactNode } from 'react';
import { FormattedMessage } from 'react-intl';
import messages from '../messages.js';

interface Props {
  show: keyof typeof messages;
  hide: keyof typeof messages;
  children: ReactNode;
}

export function OnDemand({ show, hide, children }: Props) {
  const [isShown, setIsShown] = useState(false);
  return (
    <div className="mb-2">
      <Button variant="outline-primary" size="sm" aria-expanded={isShown} onClick={() => setIsShown(!isShown)}>
        <FormattedMessage {...messages[isShown ? hide : show]} />
      </Button>
      {isShown && children}
    </div>
  );
}
