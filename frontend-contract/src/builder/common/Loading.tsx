/** Something is on its way. */
import { Spinner } from '@openedx/paragon';
import { useIntl } from 'react-intl';
import messages from '../messages.js';

export function Loading() {
  const intl = useIntl();
  return (
    <div className="d-flex justify-content-center p-4" role="status">
      <Spinner animation="border" variant="primary" screenReaderText={intl.formatMessage(messages.loading)} />
    </div>
  );
}
