/** What can be done with a group. The outcome is announced below the buttons. */
import { ActionRow, AlertModal, Button } from '@openedx/paragon';
import { useState } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useArchiveUserGroup, useRefreshNow, useUpdateUserGroup } from '../../react/useUserGroups.js';
import type { UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { ExplainDrawer } from '../explain/ExplainDrawer.js';
import messages from '../messages.js';
import { CopyDialog } from './CopyDialog.js';
import { RefreshOutcome } from './RefreshOutcome.js';

interface Props {
  group: UserGroup;
  onEdit: () => void;
  onArchived: () => void;
  onOpen: (copy: UserGroup) => void;
}

export function GroupActions({ group, onEdit, onArchived, onOpen }: Props) {
  const { client } = useBuilder();
  const refresh = useRefreshNow({ client, uuid: group.uuid });
  const update = useUpdateUserGroup({ client, uuid: group.uuid });
  const [dialog, setDialog] = useState<'explain' | 'copy' | 'archive' | null>(null);
  const close = () => setDialog(null);
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
        {isByRule && (
          <>
            <Button variant="outline-primary" onClick={() => setDialog('explain')}>
              <FormattedMessage {...messages.explain} />
            </Button>
            <Button variant="outline-primary" onClick={() => setDialog('copy')}><FormattedMessage {...messages.copy} /></Button>
          </>
        )}
        <Button variant="outline-danger" onClick={() => setDialog('archive')}>
          <FormattedMessage {...messages.archive} />
        </Button>
      </div>
      <p role="status">{refresh.data && !refresh.isPending && <RefreshOutcome refresh={refresh.data} />}</p>
      {error && <ErrorAlert error={error} />}
      {dialog === 'archive' && <ArchiveQuestion group={group} onClose={close} onArchived={onArchived} />}
      {dialog === 'copy' && <CopyDialog group={group} onClose={close} onOpen={onOpen} />}
      {dialog === 'explain' && <ExplainDrawer group={group} onClose={close} />}
    </>
  );
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
