/** Learners who moved between the preview and the save: who and why, and the ways on. Nothing was saved. */
import { Alert, Button } from '@openedx/paragon';
import { FormattedMessage } from 'react-intl';
import { When } from '../common/When.js';
import messages from '../messages.js';
import type { Moved, MovedSide } from './seen.js';

interface Props {
  moved: Moved;
  onSaveAnyway: () => void;
  onLookAgain: () => void;
}

export function MovedLearners({ moved, onSaveAnyway, onLookAgain }: Props) {
  const { added, removed, contract_changed: isContractChanged, previewed_as_of: asOf } = moved;
  return (
    <Alert variant="warning">
      <Alert.Heading as="p"><FormattedMessage {...messages.movedTitle} /></Alert.Heading>
      <p><FormattedMessage {...messages.movedText} values={{ when: <When at={asOf} /> }} /></p>
      <Side side={added} title="movedIn" />
      <Side side={removed} title="movedOut" />
      {isContractChanged && <p><FormattedMessage {...messages.movedContract} /></p>}
      <div className="d-flex flex-wrap user-groups-actions">
        <Button size="sm" onClick={onLookAgain}><FormattedMessage {...messages.movedLook} /></Button>
        <Button size="sm" variant="outline-primary" onClick={onSaveAnyway}><FormattedMessage {...messages.movedSave} /></Button>
      </div>
    </Alert>
  );
}

const REASONS = { data: 'movedByData', time: 'movedByTime' } as const;

function Side({ side: { count, learners }, title }: { side: MovedSide; title: 'movedIn' | 'movedOut' }) {
  if (count === 0) {
    return null;
  }
  const unnamed = count - learners.length;
  return (
    <>
      <p className="mb-1" id={`user-groups-${title}`}><FormattedMessage {...messages[title]} values={{ count }} /></p>
      <ul aria-labelledby={`user-groups-${title}`} className="small">
        {learners.map(({ username, reason }) => (
          <li key={username}><strong>{username}</strong>: <FormattedMessage {...messages[REASONS[reason]]} /></li>
        ))}
        {unnamed > 0 && <li><FormattedMessage {...messages.movedMore} values={{ count: unnamed }} /></li>}
      </ul>
    </>
  );
}
