/** Which criteria answer for another instant, and which can only use the data of today. */
import { FormattedMessage, useIntl } from 'react-intl';
import type { Preview, Rule } from '../../types.js';
import { useNodeName } from '../common/useNodeName.js';
import messages from '../messages.js';

const USES = [['as_of', 'usesAsOf'], ['current_data', 'usesCurrentData']] as const;

export function LeavesNote({ leaves, rule }: { leaves: Preview['leaves']; rule: Rule }) {
  const intl = useIntl();
  const nameOf = useNodeName(rule);
  return (
    <ul className="small" aria-label={intl.formatMessage(messages.usesTitle)}>
      {USES.map(([uses, message]) => {
        const names = leaves.filter((leaf) => leaf.uses === uses).map(({ pointer }) => nameOf(pointer));
        return names.length > 0 && (
          <li key={uses}><FormattedMessage {...messages[message]} values={{ criteria: intl.formatList(names) }} /></li>
        );
      })}
    </ul>
  );
}
