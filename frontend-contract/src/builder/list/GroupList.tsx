/** The groups of the scope: search, state, members, last refresh, and the way to each. */
import { Button } from '@openedx/paragon';
import { useState } from 'react';
import { FormattedMessage, FormattedNumber, useIntl } from 'react-intl';
import { useDebounced } from '../../react/useDebounced.js';
import { useUserGroups } from '../../react/useUserGroups.js';
import type { MembershipSource, Page, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { Pager } from '../common/Pager.js';
import { SearchInput } from '../common/SearchInput.js';
import { StateBadge } from '../common/StateBadge.js';
import { ViewHeading } from '../common/ViewHeading.js';
import { When } from '../common/When.js';
import messages from '../messages.js';

const SEARCH_DELAY = 300;

interface Props {
  takesFocus: boolean;
  onCreate: (source: MembershipSource) => void;
  onOpen: (group: UserGroup) => void;
}

export function GroupList({ takesFocus, onCreate, onOpen }: Props) {
  const intl = useIntl();
  const { client, scope } = useBuilder();
  const [text, setText] = useState('');
  const [page, setPage] = useState(1);
  const search = useDebounced(text.trim(), SEARCH_DELAY);
  const { data, error, refetch } = useUserGroups({ client, scope, search, page });
  return (
    <section>
      <ViewHeading takesFocus={takesFocus}>
        <FormattedMessage {...messages.groups} />
      </ViewHeading>
      <div className="d-flex flex-wrap user-groups-actions mb-3">
        <Button onClick={() => onCreate('criteria')}>
          <FormattedMessage {...messages.createByRule} />
        </Button>
        <Button variant="outline-primary" onClick={() => onCreate('manual')}>
          <FormattedMessage {...messages.createByHand} />
        </Button>
      </div>
      <SearchInput
        label={intl.formatMessage(messages.search)}
        value={text}
        onChange={(value) => {
          setText(value);
          setPage(1);
        }}
      />
      {error && <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data && <Found data={data} search={search} onOpen={onOpen} onPage={setPage} />}
    </section>
  );
}

interface FoundProps {
  data: Page<UserGroup>;
  search: string;
  onOpen: Props['onOpen'];
  onPage: (page: number) => void;
}

function Found({ data, search, onOpen, onPage }: FoundProps) {
  return (
    <>
      <p role="status" className="small">
        <FormattedMessage {...messages.found} values={{ count: data.count }} />
      </p>
      {data.count === 0 && <Empty search={search} />}
      {data.count > 0 && <GroupTable groups={data.results} onOpen={onOpen} />}
      <Pager page={data.current_page} pages={data.num_pages} onChange={onPage} />
    </>
  );
}

function Empty({ search }: { search: string }) {
  if (search) {
    return <p><FormattedMessage {...messages.nothingFound} values={{ search }} /></p>;
  }
  return (
    <div className="text-center p-4">
      <h3><FormattedMessage {...messages.emptyTitle} /></h3>
      <p><FormattedMessage {...messages.emptyText} /></p>
    </div>
  );
}

const COLUMNS = ['name', 'source', 'state', 'members', 'asOf'] as const;

function GroupTable({ groups, onOpen }: { groups: UserGroup[]; onOpen: Props['onOpen'] }) {
  return (
    <div className="table-responsive">
      <table className="table">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col"><FormattedMessage {...messages[column]} /></th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={group.uuid}>
              <th scope="row">
                <Button variant="link" className="p-0 text-left" onClick={() => onOpen(group)}>
                  {group.name}
                </Button>
                {group.description && <span className="d-block small font-weight-normal">{group.description}</span>}
              </th>
              <td>
                <FormattedMessage
                  {...(group.membership_source === 'manual' ? messages.sourceManual : messages.sourceCriteria)}
                />
              </td>
              <td><StateBadge state={group.state} reason={group.state_reason} /></td>
              <td><FormattedNumber value={group.member_count} /></td>
              <td><When at={group.members_as_of} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
