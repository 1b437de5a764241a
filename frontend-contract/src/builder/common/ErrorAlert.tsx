/** An error in words: offline, signed out, forbidden, or what the server says. */
import { Alert, Button } from '@openedx/paragon';
import { FormattedMessage } from 'react-intl';
import { ContractError } from '../../document.js';
import { ApiError } from '../../react/client.js';
import messages from '../messages.js';

interface Words {
  title: keyof typeof messages;
  text?: keyof typeof messages;
  variant: 'danger' | 'warning';
}

function wordsFor(error: Error): Words {
  if (error instanceof ContractError && error.code === 'unsupported_version') {
    return { title: 'unsupportedTitle', variant: 'danger' };
  }
  const status = error instanceof ApiError ? error.status : undefined;
  switch (status) {
    case 0:
      return { title: 'offlineTitle', text: 'offlineText', variant: 'warning' };
    case 401:
      return { title: 'signedOutTitle', text: 'signedOutText', variant: 'warning' };
    case 403:
      return { title: 'forbiddenTitle', text: 'forbiddenText', variant: 'warning' };
    default:
      return { title: 'errorTitle', variant: 'danger' };
  }
}

interface Props {
  error: Error;
  onRetry?: () => void;
}

export function ErrorAlert({ error, onRetry }: Props) {
  const { title, text, variant } = wordsFor(error);
  const isForbidden = title === 'forbiddenTitle';
  return (
    <Alert variant={variant}>
      <Alert.Heading as="p">
        <FormattedMessage {...messages[title]} />
      </Alert.Heading>
      <p>{text ? <FormattedMessage {...messages[text]} /> : error.message}</p>
      {onRetry && !isForbidden && (
        <Button variant="outline-primary" size="sm" onClick={onRetry}>
          <FormattedMessage {...messages.retry} />
        </Button>
      )}
    </Alert>
  );
}
