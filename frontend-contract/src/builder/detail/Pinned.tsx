/** Learners of whom staff say where they must be: the list says where they are. It never changes who is a member. */
import { Badge, Button } from '@openedx/paragon';
import { useState, type FormEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { usePinLearner, usePinnedExamples, useUnpinLearners } from '../../react/useUserGroups.js';
import type { Page, PinnedExample } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { beyondFields, mistakesAt } from '../common/mistakes.js';
import { Pager } from '../common/Pager.js';
import { TextInput } from '../common/TextInput.js';
import messages from '../messages.js';
import { SelectControl } from '../values/SelectControl.js';

export function Pinned({ uuid }: { uuid: string }) {
  const { client } = useBuilder();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = usePinnedExamples({ client, uuid, page });
  return (
    <div className="pt-3">
      <PinForm uuid={uuid} />
      {error && <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data?.count === 0 && <p><FormattedMessage {...messages.noPinned} /></p>}
      {data && data.count > 0 && <PinnedTable examples={data} uuid={uuid} />}
      {data && <Pager page={data.current_page} pages={data.num_pages} onChange={setPage} />}
    </div>
  );
}

function PinForm({ uuid }: { uuid: string }) {
  const intl = useIntl();
  const { client } = useBuilder();
  const pin = usePinLearner({ client, uuid });
  const [learner, setLearner] = useState('');
  const [expected, setExpected] = useState(true);
  const [note, setNote] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!pin.isPending) {
      const clear = () => {
        setLearner('');
        setNote('');
      };
      pin.mutate({ learner: learner.trim(), expected, note }, { onSuccess: clear });
    }
  };
  const beyond = beyondFields(pin.error, ['/learner', '/note']);
  return (
    <form noValidate onSubmit={submit} className="mb-4">
      <fieldset>
        <legend className="h4"><FormattedMessage {...messages.pin} /></legend>
        <p className="small"><FormattedMessage {...messages.pinHelp} /></p>
        <div className="user-groups-fields">
          <TextInput
            id="user-groups-pin-learner"
            label={intl.formatMessage(messages.learner)}
            value={learner}
            isRequired
            errors={mistakesAt(pin.error, '/learner')}
            onChange={setLearner}
          />
          <SelectControl
            id="user-groups-pin-expected"
            label={intl.formatMessage(messages.expected)}
            value={expected ? 'in' : 'out'}
            onChange={(value) => setExpected(value === 'in')}
          >
            <option value="in">{intl.formatMessage(messages.mustBeIn)}</option>
            <option value="out">{intl.formatMessage(messages.mustBeOut)}</option>
          </SelectControl>
          <TextInput
            id="user-groups-pin-note"
            label={intl.formatMessage(messages.note)}
            value={note}
            errors={mistakesAt(pin.error, '/note')}
            onChange={setNote}
          />
        </div>
        {beyond && <ErrorAlert error={beyond} />}
        <Button type="submit" variant="outline-primary"><FormattedMessage {...messages.pin} /></Button>
        <span role="status" className="ml-3">
          {pin.data && !pin.isPending && <FormattedMessage {...messages.pinnedDone} values={{ username: pin.data.username }} />}
        </span>
      </fieldset>
    </form>
  );
}

const COLUMNS = ['username', 'expected', 'isNow', 'note', 'actions'] as const;

function PinnedTable({ examples, uuid }: { examples: Page<PinnedExample>; uuid: string }) {
  const intl = useIntl();
  const { client } = useBuilder();
  const unpin = useUnpinLearners({ client, uuid });
  const removed = unpin.isSuccess ? unpin.variables[0] : undefined;
  return (
    <>
      <p role="status">{removed && <FormattedMessage {...messages.removedMember} values={{ username: removed }} />}</p>
      {unpin.error && <ErrorAlert error={unpin.error} />}
      <div className="table-responsive">
        <table className="table">
          <thead>
            <tr>
              {COLUMNS.map((column) => <th key={column} scope="col"><FormattedMessage {...messages[column]} /></th>)}
            </tr>
          </thead>
          <tbody>
            {examples.results.map(({ username, expected, is_member: isMember, note }) => (
              <tr key={username}>
                <th scope="row" className="font-weight-normal">{username}</th>
                <td><FormattedMessage {...messages[expected ? 'mustBeIn' : 'mustBeOut']} /></td>
                <td>
                  <FormattedMessage {...messages[isMember ? 'isIn' : 'isOut']} />{' '}
                  {isMember !== expected && <Badge variant="danger"><FormattedMessage {...messages.missed} /></Badge>}
                </td>
                <td>{note}</td>
                <td>
                  <Button
                    variant="outline-danger"
                    size="sm"
                    aria-label={intl.formatMessage(messages.removeMember, { username })}
                    onClick={() => unpin.mutate([username])}
                  >
                    <FormattedMessage {...messages.remove} />
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
