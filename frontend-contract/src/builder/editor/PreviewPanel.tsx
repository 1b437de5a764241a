/** Who matches the rule as it stands: the settled count is announced, everything else is only shown. */
import { Badge, Button } from '@openedx/paragon';
import { useState, type ReactNode } from 'react';
import { FormattedMessage } from 'react-intl';
import { usePreview, type PreviewState } from '../../react/usePreview.js';
import type { Preview, Rule, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import messages from '../messages.js';
import { DifferencePart } from './DifferencePart.js';
import { InterimAnnounced, InterimDetails } from './Interim.js';
import { Warnings } from './Warnings.js';

interface Props {
  state: PreviewState;
  /** Null while the rule is not complete. */
  rule: Rule | null;
  group: UserGroup | undefined;
  /** Opens the question why one learner is in or out. */
  onExplain: () => void;
}

export function PreviewPanel({ state, rule, group, onExplain }: Props) {
  const { preview, isCurrent, isPending, interim, overBudget, error, retry } = state;
  const isInvalid = error?.status === 400;
  const isSlow = Boolean(interim ?? overBudget);
  return (
    <section className="user-groups-preview" aria-labelledby="user-groups-preview-title" aria-busy={isPending}>
      <h3 id="user-groups-preview-title"><FormattedMessage {...messages.preview} /></h3>
      <div role="status" data-user-groups-preview={isCurrent ? 'settled' : 'unsettled'}>
        <Announced {...{ state, rule, isInvalid }} />
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
      {rule && preview && isCurrent && <Details {...{ preview, rule, group }} />}
      {error && !isInvalid && <ErrorAlert error={error} onRetry={retry} />}
      {rule && isCurrent && preview && preview.count.value > 0 && <Sample rule={rule} group={group} />}
      {rule && !isInvalid && (
        <Button variant="link" size="sm" className="px-0 d-block" onClick={onExplain}>
          <FormattedMessage {...messages.explain} />
        </Button>
      )}
    </section>
  );
}

/** What a screen reader is told. Empty while a new count is awaited, so that only settled counts are read out. */
function Announced({ state, rule, isInvalid }: { state: PreviewState; rule: Rule | null; isInvalid: boolean }): ReactNode {
  if (rule === null) {
    return <FormattedMessage {...messages.previewIncomplete} />;
  }
  if (state.error) {
    return <FormattedMessage {...(isInvalid ? messages.previewInvalid : messages.previewUnknown)} />;
  }
  if (state.interim ?? state.overBudget) {
    return <InterimAnnounced state={state} />;
  }
  return state.isCurrent && state.preview ? <Count preview={state.preview} /> : null;
}

function Count({ preview: { count } }: { preview: Preview }) {
  return <FormattedMessage {...messages.previewCount} values={{ count: count.value, universe: count.universe }} />;
}

function Details({ preview, rule, group }: { preview: Preview; rule: Rule; group: UserGroup | undefined }) {
  return (
    <>
      <p><Badge variant="light"><FormattedMessage {...messages.exact} /></Badge></p>
      <Warnings warnings={preview.warnings} rule={rule} />
      {group && preview.difference && <DifferencePart {...{ rule, group }} difference={preview.difference} />}
    </>
  );
}

/** User names are personal data: they are asked for by hand, and forgotten when they are hidden. */
function Sample({ rule, group }: { rule: Rule; group: UserGroup | undefined }) {
  const [isShown, setIsShown] = useState(false);
  return (
    <>
      <Button variant="outline-primary" size="sm" aria-expanded={isShown} onClick={() => setIsShown(!isShown)}>
        <FormattedMessage {...(isShown ? messages.hideSample : messages.showSample)} />
      </Button>
      {isShown && <SampleList rule={rule} group={group} />}
    </>
  );
}

function SampleList({ rule, group }: { rule: Rule; group: UserGroup | undefined }) {
  const { client, scope, document } = useBuilder();
  const state = usePreview({
    client,
    scope,
    rule,
    contractRevision: document.revision,
    sampleSize: document.limits.sample_size,
    detail: 'count',
    ...(group ? { userGroup: group.uuid } : {}),
  });
  if (state.error) {
    return <ErrorAlert error={state.error} onRetry={state.retry} />;
  }
  if (state.interim || state.overBudget) {
    return <p role="status" className="small"><InterimAnnounced state={state} /></p>;
  }
  if (!state.preview) {
    return <Loading />;
  }
  return (
    <>
      <h4 className="h5 mt-3" id="user-groups-sample"><FormattedMessage {...messages.sample} /></h4>
      <ul className="small" aria-labelledby="user-groups-sample">
        {state.preview.sample.results.map(({ username }) => <li key={username}>{username}</li>)}
      </ul>
    </>
  );
}
