/** The runs of a group, newest first. */
import { useState } from 'react';
import { FormattedMessage, FormattedNumber } from 'react-intl';
import { useRefreshes } from '../../react/useUserGroups.js';
import { useBuilder } from '../common/context.js';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { PagedTable } from './PagedTable.js';
import { RUN_STATES, TRIGGERS } from './words.js';

const COLUMNS = ['started', 'trigger', 'result', 'joinedCount', 'leftCount', 'members'] as const;

export function Refreshes({ uuid }: { uuid: string }) {
  const { client } = useBuilder();
  const [page, setPage] = useState(1);
  const answer = useRefreshes({ client, uuid, page });
  return (
    <PagedTable answer={answer} columns={COLUMNS} empty="noRefreshes" onPage={setPage}>
      {(run) => (
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
      )}
    </PagedTable>
  );
}
