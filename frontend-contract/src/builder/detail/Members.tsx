/** The members of a group, page by page; those of a list can be added and removed. */
import { Button } from '@openedx/paragon';
import { useState, type FormEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useDebounced } from '../../react/useDebounced.js';
import { useAddMembers, useMembers, useRemoveMembers } from '../../react/useUserGroups.js';
import type { MemberPage, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { Pager } from '../common/Pager.js';
import { SearchInput } from '../common/SearchInput.js';
import { When } from '../common/When.js';
import messages from '../messages.js';
import { LearnersField } from './LearnersField.js';

const SEARCH_DELAY = 300;

export function Members({ group }: { group: UserGroup }) {
  const intl = useIntl();
  const { client } = useBuilder();
  const [text, setText] = useState('');
  const [page, setPage] = useState(1);
  const search = useDebounced(text.trim(), SEARCH_DELAY);
  const { data, error, refetch } = useMembers({ client, uuid: group.uuid, search, page });
  const isManual = group.membership_source === 'manual';
  return (
    <div className="pt-3">
      {isManual && <AddMembers uuid={group.uuid} />}
      <SearchInput
        label={intl.formatMessage(messages.searchMembers)}
        value={text}
        onChange={(value) => {
          setText(value);
          setPage(1);
        }}
      />
      <p>
        <a href={client.url(`user_groups/${group.uuid}/member_export/`)} download>
          <FormattedMessage {...messages.export} />
        </a>
      </p>
      {error && <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data?.count === 0 && (
        <p>
          <FormattedMessage {...(search ? messages.noMembersFound : messages.noMembers)} values={{ search }} />
        </p>
      )}
      {data && data.count > 0 && <MemberTable members={data} uuid={group.uuid} isManual={isManual} />}
      {data && <Pager page={data.current_page} pages={data.num_pages} onChange={setPage} />}
    </div>
  );
}

function MemberTable({ members, uuid, isManual }: { members: MemberPage; uuid: string; isManual: boolean }) {
  const intl = useIntl();
  const { client } = useBuilder();
  const remove = useRemoveMembers({ client, uuid });
  const removed = remove.isSuccess ? remove.variables[0] : undefined;
  return (
    <>
      <p role="status">{removed && <FormattedMessage {...messages.removedMember} values={{ username: removed }} />}</p>
      {remove.error && <ErrorAlert error={remove.error} />}
      <table className="table">
        <thead>
          <tr>
            <th scope="col"><FormattedMessage {...messages.username} /></th>
            <th scope="col"><FormattedMessage {...messages.joined} /></th>
            {isManual && <th scope="col"><FormattedMessage {...messages.actions} /></th>}
          </tr>
        </thead>
        <tbody>
          {members.results.map(({ username, joined_at: joinedAt }) => (
            <tr key={username}>
              <th scope="row" className="font-weight-normal">{username}</th>
              <td><When at={joinedAt} /></td>
              {isManual && (
                <td>
                  <Button
                    variant="outline-danger"
                    size="sm"
                    aria-label={intl.formatMessage(messages.removeMember, { username })}
                    onClick={() => remove.mutate([username])}
                  >
                    <FormattedMessage {...messages.remove} />
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function AddMembers({ uuid }: { uuid: string }) {
  const { client } = useBuilder();
  const [text, setText] = useState('');
  const add = useAddMembers({ client, uuid });
  const learners = text.split(/[\s,;]+/).filter(Boolean);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (learners.length && !add.isPending) {
      add.mutate(learners, { onSuccess: () => setText('') });
    }
  };
  return (
    <form noValidate onSubmit={submit} className="mb-4">
      <fieldset>
        <legend className="h4"><FormattedMessage {...messages.addMembers} /></legend>
        <LearnersField value={text} violations={add.error?.problem?.violations ?? []} learners={learners} onChange={setText} />
        {add.error && !add.error.problem?.violations?.length && <ErrorAlert error={add.error} />}
        <Button type="submit" variant="outline-primary"><FormattedMessage {...messages.addMembers} /></Button>
        <span role="status" className="ml-3">
          {add.data && (
            <FormattedMessage
              {...messages.addedMembers}
              values={{ added: add.data.added, unchanged: add.data.unchanged }}
            />
          )}
        </span>
      </fieldset>
    </form>
  );
}
