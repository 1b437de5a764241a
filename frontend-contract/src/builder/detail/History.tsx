/** Who joined and left, newest first. */
import { useState } from 'react';
import { FormattedMessage } from 'react-intl';
import { useMembershipChanges } from '../../react/useUserGroups.js';
import { useBuilder } from '../common/context.js';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { PagedTable } from './PagedTable.js';
import { TRIGGERS } from './words.js';

const COLUMNS = ['when', 'username', 'change', 'trigger'] as const;

export function History({ uuid }: { uuid: string }) {
  const { client } = useBuilder();
  const [page, setPage] = useState(1);
  const answer = useMembershipChanges({ client, uuid, page });
  return (
    <PagedTable answer={answer} columns={COLUMNS} empty="noHistory" onPage={setPage}>
      {({ at, username, kind, refresh }) => (
        <tr key={`${at} ${username} ${kind}`}>
          <td><When at={at} /></td>
          <td>{username}</td>
          <td><FormattedMessage {...(kind === 'added' ? messages.joinedCount : messages.leftCount)} /></td>
          <td><FormattedMessage {...messages[refresh ? TRIGGERS[refresh.trigger] : 'triggerManual']} /></td>
        </tr>
      )}
    </PagedTable>
  );
}
