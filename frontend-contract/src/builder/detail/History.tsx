/** Who joined and left, newest first. */
import { useState } from 'react';
import { FormattedMessage } from 'react-intl';
import { useMembershipChanges } from '../../react/useUserGroups.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { Pager } from '../common/Pager.js';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { TRIGGERS } from './words.js';

const COLUMNS = ['when', 'username', 'change', 'trigger'] as const;

export function History({ uuid }: { uuid: string }) {
  const { client } = useBuilder();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useMembershipChanges({ client, uuid, page });
  if (error) {
    return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  }
  if (!data) {
    return <Loading />;
  }
  if (!data.count) {
    return <p className="pt-3"><FormattedMessage {...messages.noHistory} /></p>;
  }
  return (
    <div className="pt-3 table-responsive">
      <table className="table">
        <thead>
          <tr>
            {COLUMNS.map((column) => <th key={column} scope="col"><FormattedMessage {...messages[column]} /></th>)}
          </tr>
        </thead>
        <tbody>
          {data.results.map(({ at, username, kind, refresh }) => (
            <tr key={`${at} ${username} ${kind}`}>
              <td><When at={at} /></td>
              <td>{username}</td>
              <td><FormattedMessage {...(kind === 'added' ? messages.joinedCount : messages.leftCount)} /></td>
              <td><FormattedMessage {...messages[refresh ? TRIGGERS[refresh.trigger] : 'triggerManual']} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      <Pager page={data.current_page} pages={data.num_pages} onChange={setPage} />
    </div>
  );
}
