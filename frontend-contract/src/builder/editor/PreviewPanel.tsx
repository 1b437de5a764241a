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

interface Props {
  state: PreviewState;
  /** Null while the rule is not complete. */
  rule: Rule | null;
  group: UserGroup | undefined;
}

export function PreviewPanel({ state, rule, group }: Props) {
  const { preview, isCurrent, isPending, error, retry } = state;
  const isInvalid = error?.status === 400;
  return (
    <section className="user-groups-preview" aria-labelledby="user-groups-preview-title" aria-busy={isPending}>
      <h3 id="user-groups-preview-title"><FormattedMessage {...messages.preview} /></h3>
      <div role="status" data-user-groups-preview={isCurrent ? 'settled' : 'unsettled'}>
        <Announced {...{ state, rule, isInvalid }} />
      </div>
      {preview && rule && !isCurrent && !error && (
        <p className="small" aria-hidden="true">
          <Count preview={preview} /> <FormattedMessage {...messages.previewPending} />
        </p>
      )}
      {preview && isCurrent && <Details preview={preview} group={group} />}
      {error && !isInvalid && <ErrorAlert error={error} onRetry={retry} />}
      {rule && isCurrent && preview && preview.count.value > 0 && <Sample rule={rule} group={group} />}
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
  return state.isCurrent && state.preview ? <Count preview={state.preview} /> : null;
}

function Count({ preview: { count } }: { preview: Preview }) {
  return <FormattedMessage {...messages.previewCount} values={{ count: count.value, universe: count.universe }} />;
}

function Details({ preview, group }: { preview: Preview; group: UserGroup | undefined }) {
  const { count, warnings } = preview;
  const isExact = count.exactness === 'exact';
  return (
    <>
      <p><Badge variant="light"><FormattedMessage {...(isExact ? messages.exact : messages.estimate)} /></Badge></p>
      {warnings.filter(({ pointer }) => pointer === '/rule').map(({ code, message }) => (
        <p key={code} className="user-groups-warning">
          <strong><FormattedMessage {...messages.warning} /></strong> {message}
        </p>
      ))}
      {group && <Difference count={count.value} now={group.member_count} />}
    </>
  );
}

function Difference({ count, now }: { count: number; now: number }) {
  const [difference, message] = count > now
    ? [count - now, messages.moreThanNow]
    : [now - count, count < now ? messages.fewerThanNow : messages.asManyAsNow];
  return (
    <p className="small">
      <FormattedMessage {...messages.membersNow} values={{ count: now }} />
      {'. '}
      <strong><FormattedMessage {...message} values={{ count: difference }} /></strong>
    </p>
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
  const { preview, error, retry } = usePreview({
    client,
    scope,
    rule,
    contractRevision: document.revision,
    sampleSize: document.limits.sample_size,
    ...(group ? { userGroup: group.uuid } : {}),
  });
  if (error) {
    return <ErrorAlert error={error} onRetry={retry} />;
  }
  if (!preview) {
    return <Loading />;
  }
  return (
    <>
      <h4 className="h5 mt-3" id="user-groups-sample"><FormattedMessage {...messages.sample} /></h4>
      <ul className="small" aria-labelledby="user-groups-sample">
        {preview.sample.results.map(({ username }) => <li key={username}>{username}</li>)}
      </ul>
    </>
  );
}
