/** An instant in the reader's language and time zone. */
import { FormattedMessage, useIntl } from 'react-intl';
import messages from '../messages.js';

export function When({ at }: { at: string | null }) {
  const intl = useIntl();
  if (at === null) {
    return <FormattedMessage {...messages.never} />;
  }
  return <time dateTime={at}>{intl.formatDate(at, { dateStyle: 'medium', timeStyle: 'short' })}</time>;
}
