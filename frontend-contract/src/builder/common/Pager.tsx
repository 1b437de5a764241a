/** The way to the other pages of a list. Nothing for a list of one page. */
import { Button } from '@openedx/paragon';
import { FormattedMessage, useIntl } from 'react-intl';
import messages from '../messages.js';

interface Props {
  page: number;
  pages: number;
  onChange: (page: number) => void;
}

export function Pager({ page, pages, onChange }: Props) {
  const intl = useIntl();
  if (pages <= 1) {
    return null;
  }
  return (
    <nav className="d-flex align-items-center" aria-label={intl.formatMessage(messages.pages)}>
      <Button variant="outline-primary" size="sm" disabled={page <= 1} onClick={() => onChange(page - 1)}>
        <FormattedMessage {...messages.previousPage} />
      </Button>
      <span className="mx-3">
        <FormattedMessage {...messages.pageOf} values={{ page, pages }} />
      </span>
      <Button variant="outline-primary" size="sm" disabled={page >= pages} onClick={() => onChange(page + 1)}>
        <FormattedMessage {...messages.nextPage} />
      </Button>
    </nav>
  );
}
