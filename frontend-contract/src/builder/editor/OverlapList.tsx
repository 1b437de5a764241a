/** The other groups of the scope that share learners with the rule, the largest share first. */
import { FormattedMessage } from 'react-intl';
import { usePreview } from '../../react/usePreview.js';
import type { Overlap } from '../../types.js';
import { useBuilder } from '../common/context.js';
import messages from '../messages.js';
import { Awaited } from './Awaited.js';
import { questionOf, type Question } from './question.js';

export function OverlapList({ question }: { question: Question }) {
  const builder = useBuilder();
  const state = usePreview({ ...questionOf(builder, question), overlap: true, detail: 'count' });
  return (
    <Awaited state={state}>
      {({ overlap, count }) => overlap && (
        <>
          <h4 className="h5 mt-3" id="user-groups-overlap"><FormattedMessage {...messages.overlap} /></h4>
          <p role="status" className="small mb-2"><Summary overlap={overlap} /></p>
          {overlap.groups.length > 0 && (
            <ul className="small" aria-labelledby="user-groups-overlap">
              {overlap.groups.map(({ user_group: uuid, name, learners, member_count: members }) => (
                <li key={uuid}>
                  <strong>{name}</strong>:{' '}
                  <FormattedMessage {...messages.overlapGroup} values={{ learners, members, share: learners / count.value }} />
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Awaited>
  );
}

/** How many groups share learners, of how many, and that some were not looked at. */
function Summary({ overlap: { groups, compared, left_out: leftOut } }: { overlap: Overlap }) {
  if (compared === 0) {
    return <FormattedMessage {...messages.overlapNoGroups} />;
  }
  return (
    <>
      <FormattedMessage {...messages.overlapSummary} values={{ count: groups.length, compared }} />
      {leftOut > 0 && <> <FormattedMessage {...messages.overlapLeftOut} values={{ count: leftOut }} /></>}
    </>
  );
}
