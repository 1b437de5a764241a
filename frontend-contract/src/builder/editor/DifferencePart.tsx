/** What saving the rule would do to the members of the group: the numbers, and by hand who and why. */
import { Button } from '@openedx/paragon';
import { useState } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { usePreview } from '../../react/usePreview.js';
import type { ChangeKind, LearnerMove, Preview, Rule, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { Pager } from '../common/Pager.js';
import { useNodeName } from '../common/useNodeName.js';
import messages from '../messages.js';
import { Awaited } from './Awaited.js';
import { questionOf } from './question.js';

interface Props {
  rule: Rule;
  group: UserGroup;
  difference: NonNullable<Preview['difference']>;
}

const KINDS: [ChangeKind, keyof typeof messages, keyof typeof messages][] = [
  ['added', 'whoJoins', 'joining'],
  ['removed', 'whoLeaves', 'leaving'],
];

export function DifferencePart({ rule, group, difference }: Props) {
  const [shown, setShown] = useState<ChangeKind | null>(null);
  const { added, removed, unchanged } = difference;
  return (
    <div className="mb-3" data-user-groups-difference={`+${added} -${removed} =${unchanged}`}>
      <h4 className="h5"><FormattedMessage {...messages.difference} /></h4>
      <p className="small mb-2"><FormattedMessage {...messages.membersNow} values={{ count: group.member_count }} /></p>
      <ul className="small mb-2">
        <li><FormattedMessage {...messages.wouldJoin} values={{ count: added }} /></li>
        <li><FormattedMessage {...messages.wouldLeave} values={{ count: removed }} /></li>
        <li><FormattedMessage {...messages.wouldStay} values={{ count: unchanged }} /></li>
      </ul>
      <div className="d-flex flex-wrap user-groups-actions mb-2">
        {KINDS.filter(([kind]) => difference[kind] > 0).map(([kind, button]) => (
          <Button
            key={kind}
            variant="outline-primary"
            size="sm"
            aria-expanded={shown === kind}
            onClick={() => setShown(shown === kind ? null : kind)}
          >
            <FormattedMessage {...messages[button]} />
          </Button>
        ))}
      </div>
      {KINDS.filter(([kind]) => kind === shown).map(([kind, , title]) => (
        <Moves key={kind} kind={kind} title={title} total={difference[kind]} {...{ rule, group }} />
      ))}
    </div>
  );
}

interface MovesProps {
  kind: ChangeKind;
  title: keyof typeof messages;
  total: number;
  rule: Rule;
  group: UserGroup;
}

/** User names are personal data: a page of them is asked for by hand, and forgotten when it is hidden. */
function Moves({ kind, title, total, rule, group }: MovesProps) {
  const intl = useIntl();
  const builder = useBuilder();
  const [page, setPage] = useState(1);
  const size = builder.document.limits.sample_size;
  const state = usePreview({
    ...questionOf(builder, { rule, group, asOf: undefined }),
    detail: 'count',
    difference: { kind, size, offset: (page - 1) * size },
    delay: 0,
  });
  return (
    <Awaited state={state}>
      {({ difference }) => difference?.sample && (
        <>
          <ul className="small user-groups-moves" aria-label={intl.formatMessage(messages[title])} aria-busy={state.isPending}>
            {difference.sample.results.map((move) => (
              <li key={move.username}><strong>{move.username}</strong>: <Why move={move} rule={rule} saved={group.rule} /></li>
            ))}
          </ul>
          <Pager page={page} pages={Math.ceil(total / size)} onChange={setPage} />
        </>
      )}
    </Awaited>
  );
}

interface WhyProps {
  move: LearnerMove;
  rule: Rule;
  saved: Rule | null;
}

const CAUSES: Record<LearnerMove['cause'], keyof typeof messages> = {
  rule: 'causeRule',
  data: 'causeData',
  universe: 'causeUniverse',
  collection: 'causeCollection',
  unknown: 'causeUnknown',
};

/** The cause, the criteria that decide, and what the edit changed, in words. */
function Why({ move: { cause, decided_by: decidedBy, flips }, rule, saved }: WhyProps) {
  const intl = useIntl();
  const nameOf = useNodeName(rule);
  const savedNameOf = useNodeName(saved);
  // Where exactly what was edited decides, saying both would say it twice.
  const isTold = decidedBy.length === flips.length && decidedBy.every((one) => flips.some(({ pointer }) => pointer === one));
  return (
    <>
      <FormattedMessage {...messages[CAUSES[cause]]} />
      {decidedBy.length > 0 && !isTold && (
        <>{' '}<FormattedMessage {...messages.decidedBy} values={{ criteria: intl.formatList(decidedBy.map(nameOf)) }} /></>
      )}
      {flips.map(({ pointer, saved_pointer: savedPointer, answer }) => {
        const name = pointer !== null ? nameOf(pointer) : savedNameOf(savedPointer ?? '');
        return <span key={`${pointer} ${savedPointer}`}>{' '}<FormattedMessage {...flipMessage(savedPointer, answer)} values={{ name }} /></span>;
      })}
    </>
  );
}

function flipMessage(savedPointer: string | null, answer: boolean | null) {
  if (answer === null) {
    return messages.flipGone;
  }
  if (savedPointer === null) {
    return answer ? messages.flipNewMatches : messages.flipNewMisses;
  }
  return answer ? messages.flipMatches : messages.flipMisses;
}
