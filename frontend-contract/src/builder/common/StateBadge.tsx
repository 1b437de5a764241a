/** The state of a group in words, and why it is in it. The colour only repeats what the words say. */
import { Badge } from '@openedx/paragon';
import { FormattedMessage } from 'react-intl';
import type { GroupState, UserGroup } from '../../types.js';
import messages from '../messages.js';

const VARIANTS: Record<GroupState, string> = {
  fresh: 'success',
  refreshing: 'info',
  stale: 'warning',
  held: 'warning',
  unevaluable: 'danger',
  frozen: 'light',
  disabled: 'light',
};

export function StateBadge({ state, reason }: { state: GroupState; reason: UserGroup['state_reason'] }) {
  return (
    <>
      <Badge variant={VARIANTS[state]}>
        <FormattedMessage {...messages[state]} />
      </Badge>
      {reason && <span className="d-block small">{reason.message}</span>}
    </>
  );
}
