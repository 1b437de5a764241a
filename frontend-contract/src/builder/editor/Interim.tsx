/** What is known about a rule that takes its time: an estimate, labelled as such, and how far the exact count is. */
import { Badge } from '@openedx/paragon';
import { FormattedMessage, useIntl } from 'react-intl';
import type { PreviewState } from '../../react/usePreview.js';
import type { Estimate } from '../../types.js';
import messages from '../messages.js';

const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000);

/** What is read out: once for each estimate, and not again at every step of the way. */
export function InterimAnnounced({ state: { interim, overBudget } }: { state: PreviewState }) {
  if (interim?.state === 'busy') {
    const values = { detail: interim.detail, seconds: Math.max(1, seconds(interim.retry_after_ms)) };
    return <FormattedMessage {...messages.previewBusy} values={values} />;
  }
  const estimate = (overBudget ?? interim)?.estimate;
  return (
    <>
      {estimate && <><EstimateWords estimate={estimate} /> </>}
      <FormattedMessage {...(overBudget ? messages.previewOverBudget : messages.previewInWorker)} />
    </>
  );
}

function EstimateWords({ estimate: { value, universe, low, high } }: { estimate: Estimate }) {
  return <FormattedMessage {...messages.previewEstimate} values={{ count: value, universe, low, high }} />;
}

/** What is only shown. */
export function InterimDetails({ state: { interim, overBudget } }: { state: PreviewState }) {
  const intl = useIntl();
  const pending = interim && interim.state !== 'busy' ? interim : null;
  const estimate = (overBudget ?? pending)?.estimate;
  const values = pending && {
    elapsed: seconds(pending.progress.elapsed_ms),
    limit: seconds(pending.progress.limit_ms),
  };
  return (
    <>
      {estimate && (
        <p>
          <Badge variant="warning"><FormattedMessage {...messages.estimate} /></Badge>{' '}
          <span className="small">
            <FormattedMessage {...messages.previewSample} values={{ count: estimate.sample_size }} />
          </span>
        </p>
      )}
      {pending && values && (
        <p className="small">
          <progress
            className="d-block w-100"
            aria-label={intl.formatMessage(messages.previewProgress)}
            max={pending.progress.limit_ms}
            value={pending.progress.elapsed_ms}
          />
          <FormattedMessage {...(pending.state === 'queued' ? messages.previewQueued : messages.previewElapsed)} values={values} />
        </p>
      )}
    </>
  );
}
