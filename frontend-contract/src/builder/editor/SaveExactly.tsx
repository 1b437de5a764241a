/** The wish to save exactly the learners of the preview, and whether that can be done now. */
import { FormattedMessage, useIntl } from 'react-intl';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { CheckControl } from '../values/CheckControl.js';
import type { Seen } from './seen.js';

/** The element that says why saving has to wait. */
export const EXACTLY_STATUS = 'user-groups-exactly-status';

interface Props {
  isWanted: boolean;
  onChange: (isWanted: boolean) => void;
  /** Null while the rule is not complete, or where it is not wanted. */
  seen: Seen | null;
}

export function SaveExactly({ isWanted, onChange, seen }: Props) {
  const intl = useIntl();
  return (
    <>
      <CheckControl
        id="user-groups-exactly"
        label={intl.formatMessage(messages.exactly)}
        help={intl.formatMessage(messages.exactlyHelp)}
        checked={isWanted}
        onChange={onChange}
      />
      <p role="status" id={EXACTLY_STATUS} className="user-groups-news small">
        {seen && <SeenWords seen={seen} />}
      </p>
    </>
  );
}

function SeenWords({ seen }: { seen: Seen }) {
  if ('problem' in seen) {
    return <FormattedMessage {...messages[seen.problem]} />;
  }
  const { count, as_of: asOf } = seen.preview;
  return <FormattedMessage {...messages.exactlyReady} values={{ count: count.value, when: <When at={asOf} /> }} />;
}
