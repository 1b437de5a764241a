/** All that is worth knowing about the rule, with the way to the parts of it that are meant. */
import { FormattedMessage } from 'react-intl';
import type { Rule, RuleWarning } from '../../types.js';
import { NodeLink } from '../common/NodeLink.js';
import { useNodeName } from '../common/useNodeName.js';
import messages from '../messages.js';

interface Props {
  warnings: readonly RuleWarning[];
  rule: Rule;
}

export function Warnings({ warnings, rule }: Props) {
  const nameOf = useNodeName(rule);
  return (
    <>
      {warnings.map(({ code, pointer, message, related }) => (
        <div key={`${code} ${pointer}`} className="user-groups-warning mb-2" data-user-groups-warning={pointer}>
          <strong><FormattedMessage {...messages.warning} /></strong> {message}
          {[pointer, ...related].filter((place) => place !== '/rule').map((place) => (
            <NodeLink key={place} pointer={place} name={nameOf(place)} />
          ))}
        </div>
      ))}
    </>
  );
}
