/** What can be done with a group. The outcome is announced below the buttons. */
import { ActionRow, AlertModal, Button } from '@openedx/paragon';
import { useState } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useArchiveUserGroup, useRefreshNow, useUpdateUserGroup } from '../../react/useUserGroups.js';
import type { Refresh, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import messages from '../messages.js';

interface Props {
  group: UserGroup;
  onEdit: () => void;
  onArchived: () => void;
}

export function GroupActions({ group, onEdit, onArchived }: Props) {
  const { client } = useBuilder();
  const refresh = useRefreshNow({ client, uuid: group.uuid });
  const update = useUpdateUserGroup({ client, uuid: group.uuid });
  const [isAsking, setIsAsking] = useState(false);
  const isByRule = group.membership_source === 'criteria';
  const error = refresh.error ?? update.error;
  return (
    <>
      <div className="d-flex flex-wrap user-groups-actions mb-3">
        <Button onClick={onEdit}><FormattedMessage {...messages.edit} /></Button>
        {isByRule && !group.is_frozen && (
          <Button variant="outline-primary" aria-disabled={refresh.isPending} onClick={() => !refresh.isPending && refresh.mutate()}>
            <FormattedMessage {...messages.refreshNow} />
          </Button>
        )}
        {isByRule && (
          <Button variant="outline-primary" onClick={() => update.mutate({ is_frozen: !group.is_frozen })}>
            <FormattedMessage {...(group.is_frozen ? messages.thaw : messages.freeze)} />
          </Button>
        )}
        <Button variant="outline-danger" onClick={() => setIsAsking(true)}>
          <FormattedMessage {...messages.archive} />
        </Button>
      </div>
      <p role="status">{refresh.data && !refresh.isPending && <RefreshOutcome refresh={refresh.data} />}</p>
      {error && <ErrorAlert error={error} />}
      {isAsking && <ArchiveQuestion group={group} onClose={() => setIsAsking(false)} onArchived={onArchived} />}
    </>
  );
}

function RefreshOutcome({ refresh }: { refresh: Refresh }) {
  if (refresh.state === 'succeeded') {
    const values = { added: refresh.added_count, removed: refresh.removed_count };
    return <FormattedMessage {...messages.refreshed} values={values} />;
  }
  if (refresh.state === 'failed') {
    return <FormattedMessage {...messages.refreshFailed} values={{ reason: refresh.error?.message ?? '' }} />;
  }
  return <FormattedMessage {...messages.refreshQueued} />;
}

interface QuestionProps {
  group: UserGroup;
  onClose: () => void;
  onArchived: () => void;
}

function ArchiveQuestion({ group, onClose, onArchived }: QuestionProps) {
  const intl = useIntl();
  const { client } = useBuilder();
  const archive = useArchiveUserGroup({ client, uuid: group.uuid });
  return (
    <AlertModal
      isOpen
      title={intl.formatMessage(messages.archiveTitle, { name: group.name })}
      onClose={onClose}
      footerNode={(
        <ActionRow>
          <Button variant="tertiary" onClick={onClose}><FormattedMessage {...messages.cancel} /></Button>
          <Button variant="danger" onClick={() => archive.mutate(undefined, { onSuccess: onArchived })}>
            <FormattedMessage {...messages.archive} />
          </Button>
        </ActionRow>
      )}
    >
      <p><FormattedMessage {...messages.archiveText} /></p>
      {archive.error && <ErrorAlert error={archive.error} />}
    </AlertModal>
  );
}
