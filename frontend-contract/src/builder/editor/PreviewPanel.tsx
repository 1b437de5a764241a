/** Who matches the rule as it stands: the settled count is announced, everything else is only shown. */
import { Badge, Button } from '@openedx/paragon';
import type { ReactNode } from 'react';
import { FormattedMessage } from 'react-intl';
import { canPreview } from '../../document.js';
import type { PreviewState } from '../../react/usePreview.js';
import type { Preview } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { mistakesAt } from '../common/mistakes.js';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { AsOfField } from './AsOfField.js';
import { DifferencePart } from './DifferencePart.js';
import { InterimAnnounced, InterimDetails } from './Interim.js';
import { LeavesNote } from './LeavesNote.js';
import { OnDemand } from './OnDemand.js';
import { OverlapList } from './OverlapList.js';
import type { Question } from './question.js';
import { SampleList } from './SampleList.js';
import type { AsOf } from './useAsOf.js';
import { Warnings } from './Warnings.js';

interface Props {
  state: PreviewState;
  question: Question;
  asOf: AsOf;
  /** Opens the question why one learner is in or out. */
  onExplain: () => void;
}

const TITLE = 'user-groups-preview-title';

/** Put the focus on the panel, for those who are to look at it again. */
export function focusPreview(): void {
  globalThis.document.getElementById(TITLE)?.focus();
}

export function PreviewPanel({ state, question, asOf, onExplain }: Props) {
  const { document } = useBuilder();
  const { preview, isCurrent, isPending, interim, overBudget, error, retry } = state;
  const { rule } = question;
  const isInvalid = error?.status === 400;
  const isSlow = Boolean(interim ?? overBudget);
  return (
    <section className="user-groups-preview" aria-labelledby={TITLE} aria-busy={isPending}>
      <h3 id={TITLE} tabIndex={-1} className="user-groups-heading">
        <FormattedMessage {...messages[asOf.instant ? 'previewOtherDay' : 'preview']} />
      </h3>
      <div role="status" data-user-groups-preview={isCurrent ? 'settled' : 'unsettled'}>
        <Announced {...{ state, question }} />
        {rule && asOf.instant && !error && (isCurrent || isSlow) && (
          <> <FormattedMessage {...messages.previewAsOf} values={{ when: <When at={asOf.instant} /> }} /></>
        )}
      </div>
      {preview && rule && !isCurrent && !isSlow && !error && (
        <p className="small" aria-hidden="true">
          <Count preview={preview} /> <FormattedMessage {...messages.previewPending} />
        </p>
      )}
      {rule && isSlow && <InterimDetails state={state} />}
      {overBudget && (
        <Button variant="outline-primary" size="sm" onClick={retry}><FormattedMessage {...messages.retry} /></Button>
      )}
      {preview && isCurrent && <Details {...{ preview, question }} />}
      {error && !isInvalid && <ErrorAlert error={error} onRetry={retry} />}
      {canPreview(document, 'as_of') && <AsOfField asOf={asOf} errors={mistakesAt(error, '/as_of')} />}
      {rule && !isInvalid && (
        <Button variant="link" size="sm" className="px-0 d-block" onClick={onExplain}>
          <FormattedMessage {...messages.explain} />
        </Button>
      )}
    </section>
  );
}

/** What a screen reader is told. Empty while a new count is awaited, so that only settled counts are read out. */
function Announced({ state, question: { rule } }: { state: PreviewState; question: Question }): ReactNode {
  const { error, interim, overBudget, isCurrent, preview } = state;
  if (rule === null) {
    return <FormattedMessage {...messages.previewIncomplete} />;
  }
  if (error?.status === 400) {
    const isAboutInstant = mistakesAt(error, '/as_of').length > 0;
    return <FormattedMessage {...messages[isAboutInstant ? 'previewNotThen' : 'previewInvalid']} />;
  }
  if (error) {
    return <FormattedMessage {...messages.previewUnknown} />;
  }
  if (interim ?? overBudget) {
    return <InterimAnnounced state={state} />;
  }
  return isCurrent && preview ? <Count preview={preview} /> : null;
}

function Count({ preview: { count } }: { preview: Preview }) {
  return <FormattedMessage {...messages.previewCount} values={{ count: count.value, universe: count.universe }} />;
}

function Details({ preview, question }: { preview: Preview; question: Question }) {
  const { document } = useBuilder();
  const { rule, group, asOf } = question;
  if (!rule) {
    return null;
  }
  return (
    <>
      <p><Badge variant="light"><FormattedMessage {...messages.exact} /></Badge></p>
      {asOf && <LeavesNote leaves={preview.leaves} rule={rule} />}
      <Warnings warnings={preview.warnings} rule={rule} />
      {/* What saving does, it does now. */}
      {group && !asOf && preview.difference && <DifferencePart {...{ rule, group }} difference={preview.difference} />}
      {preview.count.value > 0 && (
        <>
          <OnDemand show="showSample" hide="hideSample"><SampleList question={question} /></OnDemand>
          {canPreview(document, 'overlap') && (
            <OnDemand show="showOverlap" hide="hideOverlap"><OverlapList question={question} /></OnDemand>
          )}
        </>
      )}
    </>
  );
}
