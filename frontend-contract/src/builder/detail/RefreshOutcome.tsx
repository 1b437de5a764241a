/** What became of a run, in a sentence. */
import { FormattedMessage } from 'react-intl';
import type { Refresh } from '../../types.js';
import messages from '../messages.js';

export function RefreshOutcome({ refresh }: { refresh: Refresh }) {
  const values = { added: refresh.added_count, removed: refresh.removed_count };
  switch (refresh.state) {
    case 'succeeded':
      return <FormattedMessage {...messages.refreshed} values={values} />;
    case 'failed':
      return <FormattedMessage {...messages.refreshFailed} values={{ reason: refresh.error?.message ?? '' }} />;
    case 'held':
      return <FormattedMessage {...messages.refreshHeld} values={values} />;
    default:
      return <FormattedMessage {...messages.refreshQueued} />;
  }
}
