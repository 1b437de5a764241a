/** What an explanation says: the verdict, and for each part of the rule the answer, the values and what would turn it. */
import { Badge } from '@openedx/paragon';
import { FormattedMessage } from 'react-intl';
import type { ExplainedNode, Explanation, Rule } from '../../types.js';
import { useNodeName } from '../common/useNodeName.js';
import { When } from '../common/When.js';
import messages from '../messages.js';

export function Explained({ explanation, rule }: { explanation: Explanation; rule: Rule | null }) {
  const nameOf = useNodeName(rule);
  const { as_of: asOf, matches, nodes, outside } = explanation;
  const verdict = outside ? messages.verdictOutside : messages[matches ? 'verdictIn' : 'verdictOut'];
  return (
    <div data-user-groups-verdict={outside ?? (matches ? 'in' : 'out')}>
      <p>
        <Badge variant={matches ? 'success' : 'light'}><FormattedMessage {...verdict} /></Badge>{' '}
        <span className="small"><FormattedMessage {...messages.membersAsOf} values={{ when: <When at={asOf} /> }} /></span>
      </p>
      <NextChange explanation={explanation} />
      <ul className="list-unstyled">
        {nodes.filter(({ pointer }) => pointer !== '/rule').map((node) => (
          <li key={node.pointer} className="user-groups-node p-2" data-user-groups-explained={node.pointer}>
            <strong>{nameOf(node.pointer)}</strong>{' '}
            <Badge variant={node.matches ? 'success' : 'light'}>
              <FormattedMessage {...messages[node.matches ? 'nodeMatches' : 'nodeMisses']} />
            </Badge>
            <p className="mb-1">{node.sentence}</p>
            {node.criterion && <Found criterion={node.criterion} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

function NextChange({ explanation: { outside, next_change: at, next_change_known: isKnown } }: { explanation: Explanation }) {
  if (outside) {
    return null;
  }
  const message = messages[at ? 'nextChange' : 'nextChangeNever'];
  return (
    <p className="small">
      <FormattedMessage {...(isKnown ? message : messages.nextChangeUnknown)} values={{ when: <When at={at} /> }} />
    </p>
  );
}

/** The learner's values and how far they are from where the answer changes. */
function Found({ criterion }: { criterion: NonNullable<ExplainedNode['criterion']> }) {
  const { values, value_count: total, tells_values: tells, counts_as: countsAs, distance, next_change: next } = criterion;
  const more = total - values.length;
  return (
    <ul className="small mb-0">
      {tells && values.length === 0 && <li><FormattedMessage {...messages.noValue} /></li>}
      {values.map(({ text, recorded }) => (
        <li key={`${text} ${recorded}`}>
          <FormattedMessage {...messages.learnerValue} values={{ value: text }} />
          {recorded && <>{' '}<FormattedMessage {...messages.recorded} values={{ when: <When at={recorded} /> }} /></>}
        </li>
      ))}
      {tells && more > 0 && <li><FormattedMessage {...messages.moreValues} values={{ count: more }} /></li>}
      {countsAs && <li><FormattedMessage {...messages.countsAs} values={{ value: countsAs.text }} /></li>}
      {distance && (
        <li>
          <FormattedMessage
            {...messages.distance}
            values={{ threshold: distance.threshold.text, difference: distance.difference, unit: distance.unit ?? '' }}
          />
        </li>
      )}
      {next && <li><FormattedMessage {...messages.nextChange} values={{ when: <When at={next} /> }} /></li>}
    </ul>
  );
}
