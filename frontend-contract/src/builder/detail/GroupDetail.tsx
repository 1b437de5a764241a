/** One group: its state, what can be done with it, its members, runs and history. */
import { Tab, Tabs } from '@openedx/paragon';
import { useState } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useUserGroup } from '../../react/useUserGroups.js';
import type { UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { StateBadge } from '../common/StateBadge.js';
import { ViewHeading } from '../common/ViewHeading.js';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { GroupActions } from './GroupActions.js';
import { HeldRefresh } from './HeldRefresh.js';
import { History } from './History.js';
import { ImportForm } from './ImportForm.js';
import { Members } from './Members.js';
import { Pinned } from './Pinned.js';
import { Refreshes } from './Refreshes.js';

interface Props {
  known: UserGroup;
  onEdit: (group: UserGroup) => void;
  onArchived: (group: UserGroup) => void;
  onOpen: (group: UserGroup) => void;
}

export function GroupDetail({ known, onEdit, onArchived, onOpen }: Props) {
  const { client } = useBuilder();
  const { data, error, refetch } = useUserGroup({ client, uuid: known.uuid, known });
  if (error) {
    return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  }
  if (!data) {
    return <Loading />;
  }
  return (
    <article>
      <ViewHeading>{data.name}</ViewHeading>
      {data.description && <p>{data.description}</p>}
      <Summary group={data} />
      <GroupActions group={data} onEdit={() => onEdit(data)} onArchived={() => onArchived(data)} onOpen={onOpen} />
      {data.membership_source === 'criteria' && <HeldRefresh group={data} />}
      <Sections group={data} />
    </article>
  );
}

function Summary({ group }: { group: UserGroup }) {
  return (
    <div className="mb-3">
      <p className="mb-1" data-user-groups-members>
        <strong><FormattedMessage {...messages.memberCount} values={{ count: group.member_count }} /></strong>
        {' '}
        <FormattedMessage {...messages.membersAsOf} values={{ when: <When at={group.members_as_of} /> }} />
      </p>
      <StateBadge state={group.state} reason={group.state_reason} />
      {group.pinned_missed_count > 0 && (
        <p className="user-groups-warning">
          <FormattedMessage {...messages.pinnedMissed} values={{ count: group.pinned_missed_count }} />
        </p>
      )}
    </div>
  );
}

function Sections({ group }: { group: UserGroup }) {
  const intl = useIntl();
  const isManual = group.membership_source === 'manual';
  // Only what is in view is asked for.
  const [section, setSection] = useState('members');
  return (
    <Tabs
      id="user-groups-sections"
      aria-label={intl.formatMessage(messages.sections)}
      activeKey={section}
      onSelect={(key: string | null) => setSection(key ?? 'members')}
      mountOnEnter
      transition={false}
      unmountOnExit
    >
      <Tab eventKey="members" title={intl.formatMessage(messages.members)}>
        {isManual && <ImportForm uuid={group.uuid} />}
        <Members group={group} />
      </Tab>
      {!isManual && (
        <Tab eventKey="refreshes" title={intl.formatMessage(messages.refreshes)}><Refreshes uuid={group.uuid} /></Tab>
      )}
      <Tab eventKey="pinned" title={intl.formatMessage(messages.pinned)}><Pinned uuid={group.uuid} /></Tab>
      <Tab eventKey="history" title={intl.formatMessage(messages.history)}><History uuid={group.uuid} /></Tab>
    </Tabs>
  );
}
