/** A refresh that would remove many members waits for a person: who would leave, and whether it is carried out. */
import { Alert, Button } from '@openedx/paragon';
import { useState } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useConfirmRefresh, useDiscardRefresh, useHeldChanges, useHeldRefresh } from '../../react/useUserGroups.js';
import type { ChangeKind, Refresh, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { Pager } from '../common/Pager.js';
import messages from '../messages.js';
import { RefreshOutcome } from './RefreshOutcome.js';

/** Always drawn, so that what became of the refresh is still announced when it is held no longer. */
export function HeldRefresh({ group }: { group: UserGroup }) {
  const { client } = useBuilder();
  const confirm = useConfirmRefresh({ client, uuid: group.uuid });
  const discard = useDiscardRefresh({ client, uuid: group.uuid });
  const isBusy = confirm.isPending || discard.isPending;
  const error = confirm.error ?? discard.error;
  return (
    <>
      <p role="status" className="user-groups-news">
        {confirm.data && !isBusy && <RefreshOutcome refresh={confirm.data} />}
        {discard.isSuccess && !isBusy && <FormattedMessage {...messages.heldDiscarded} />}
      </p>
      {error && <ErrorAlert error={error} />}
      {group.state === 'held' && (
        <Held
          uuid={group.uuid}
          isBusy={isBusy}
          onConfirm={(refresh) => confirm.mutate(refresh)}
          onDiscard={(refresh) => discard.mutate(refresh)}
        />
      )}
    </>
  );
}

interface HeldProps {
  uuid: string;
  isBusy: boolean;
  onConfirm: (refresh: string) => void;
  onDiscard: (refresh: string) => void;
}

function Held({ uuid, isBusy, onConfirm, onDiscard }: HeldProps) {
  const { client } = useBuilder();
  const { data, error, refetch } = useHeldRefresh({ client, uuid });
  const [shown, setShown] = useState<ChangeKind | null>(null);
  const refresh = data?.results[0];
  if (error) {
    return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  }
  if (!refresh) {
    return data ? null : <Loading />;
  }
  const decide = (how: (refresh: string) => void) => () => {
    if (!isBusy) {
      how(refresh.uuid);
    }
  };
  return (
    <Alert variant="warning" data-user-groups-held>
      <Alert.Heading as="p"><FormattedMessage {...messages.heldTitle} /></Alert.Heading>
      <p><FormattedMessage {...messages.heldText} values={{ added: refresh.added_count, removed: refresh.removed_count }} /></p>
      <div className="d-flex flex-wrap user-groups-actions mb-2">
        <ShowButtons {...{ refresh, shown }} onShow={setShown} />
        <Button size="sm" variant="danger" onClick={decide(onConfirm)}><FormattedMessage {...messages.heldConfirm} /></Button>
        <Button size="sm" variant="outline-primary" onClick={decide(onDiscard)}>
          <FormattedMessage {...messages.heldDiscard} />
        </Button>
      </div>
      {shown && <Changes key={shown} uuid={uuid} refresh={refresh.uuid} kind={shown} />}
    </Alert>
  );
}

interface ShowProps {
  refresh: Refresh;
  shown: ChangeKind | null;
  onShow: (kind: ChangeKind | null) => void;
}

function ShowButtons({ refresh, shown, onShow }: ShowProps) {
  const kinds: [ChangeKind, number, keyof typeof messages][] = [
    ['removed', refresh.removed_count, 'whoLeaves'],
    ['added', refresh.added_count, 'whoJoins'],
  ];
  return (
    <>
      {kinds.filter(([, count]) => count > 0).map(([kind, , label]) => (
        <Button
          key={kind}
          size="sm"
          variant="outline-primary"
          aria-expanded={shown === kind}
          onClick={() => onShow(shown === kind ? null : kind)}
        >
          <FormattedMessage {...messages[label]} />
        </Button>
      ))}
    </>
  );
}

function Changes({ uuid, refresh, kind }: { uuid: string; refresh: string; kind: ChangeKind }) {
  const intl = useIntl();
  const { client } = useBuilder();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useHeldChanges({ client, uuid, refresh, kind, page });
  if (error) {
    return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  }
  if (!data) {
    return <Loading />;
  }
  return (
    <>
      <ul className="small" aria-label={intl.formatMessage(messages[kind === 'removed' ? 'leaving' : 'joining'])}>
        {data.results.map(({ username }, index) => (
          <li key={username ?? `gone ${data.start + index}`}>
            {username ?? <FormattedMessage {...messages.accountGone} />}
          </li>
        ))}
      </ul>
      <Pager page={data.current_page} pages={data.num_pages} onChange={setPage} />
    </>
  );
}
