/** The runs of a group, newest first. */
import { useState } from 'react';
import { FormattedMessage, FormattedNumber } from 'react-intl';
import { useRefreshes } from '../../react/useUserGroups.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { Pager } from '../common/Pager.js';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { RUN_STATES, TRIGGERS } from './words.js';

const COLUMNS = ['started', 'trigger', 'result', 'joinedCount', 'leftCount', 'members'] as const;

export function Refreshes({ uuid }: { uuid: string }) {
  const { client } = useBuilder();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useRefreshes({ client, uuid, page });
  if (error) {
    return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  }
  if (!data) {
    return <Loading />;
  }
  if (!data.count) {
    return <p className="pt-3"><FormattedMessage {...messages.noRefreshes} /></p>;
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
          {data.results.map((run) => (
            <tr key={run.uuid}>
              <td><When at={run.requested_at} /></td>
              <td>
                <FormattedMessage {...messages[TRIGGERS[run.trigger]]} />
                {run.requested_by && <span className="d-block small">{run.requested_by}</span>}
              </td>
              <td>
                <FormattedMessage {...messages[RUN_STATES[run.state]]} />
                {run.error && <span className="d-block small">{run.error.message}</span>}
              </td>
              <td><FormattedNumber value={run.added_count} /></td>
              <td><FormattedNumber value={run.removed_count} /></td>
              <td>{run.member_count === null ? '–' : <FormattedNumber value={run.member_count} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Pager page={data.current_page} pages={data.num_pages} onChange={setPage} />
    </div>
  );
}
