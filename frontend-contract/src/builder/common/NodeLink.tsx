/** The name of a part of the rule, as a button that moves the focus there. */
import { Button } from '@openedx/paragon';
import { FormattedMessage } from 'react-intl';
import { formatPointer, parsePointer } from '../../violations.js';
import messages from '../messages.js';

/** Put the focus on the part of the form that stands for a place, or on the nearest one around it. */
function focusPlace(pointer: string): void {
  for (let steps = parsePointer(pointer); steps.length > 0; steps = steps.slice(0, -1)) {
    const place = globalThis.document.querySelector<HTMLElement>(`[data-user-groups-node="${formatPointer(steps)}"]`);
    if (place) {
      place.focus();
      place.scrollIntoView?.({ block: 'nearest' });
      return;
    }
  }
}

export function NodeLink({ pointer, name }: { pointer: string; name: string }) {
  return (
    <Button variant="link" size="sm" className="p-0 d-block text-left" onClick={() => focusPlace(pointer)}>
      <FormattedMessage {...messages.goTo} values={{ name }} />
    </Button>
  );
}
