/** A part of the rule that combines others: how, whether it is turned round, and its nodes. */
import { Button } from '@openedx/paragon';
import { FormattedMessage, useIntl } from 'react-intl';
import type { Combine } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { newCriterion, newRule, type DraftRule } from '../draft.js';
import messages from '../messages.js';
import { CheckControl } from '../values/CheckControl.js';
import { SelectControl } from '../values/SelectControl.js';
import { CriterionFields } from './CriterionFields.js';
import { controlIdOf } from './feedback.js';
import { NodeNotes } from './NodeNotes.js';
import { useRuleEditor } from './useRuleEditor.js';

interface Props {
  rule: DraftRule;
  pointer: string;
  /** Its place for the reader: '' for the whole rule, '2.1' for the first node of its second. */
  number: string;
  depth: number;
}

export function RuleFields({ rule, pointer, number, depth }: Props) {
  const intl = useIntl();
  const { document } = useBuilder();
  const { change, remove } = useRuleEditor();
  const legend = number ? intl.formatMessage(messages.nestedRule, { number }) : intl.formatMessage(messages.rule);
  const update = (part: Partial<DraftRule>) => change(rule.key, (node) => ({ ...(node as DraftRule), ...part }));
  return (
    <fieldset id={rule.key} tabIndex={-1} className="user-groups-node user-groups-rule" data-user-groups-node={pointer}>
      <legend>{legend}</legend>
      <SelectControl
        id={controlIdOf(`${pointer}/combine`)}
        label={intl.formatMessage(messages.combine)}
        value={rule.combine}
        onChange={(combine) => update({ combine: combine as Combine })}
      >
        {document.combinators.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}
      </SelectControl>
      <NodeNotes pointer={pointer} own={[`${pointer}/nodes/`]} isWhole={number === ''} />
      <ol className="list-unstyled">
        {rule.nodes.map((node, index) => {
          const place = { pointer: `${pointer}/nodes/${index}`, number: number ? `${number}.${index + 1}` : `${index + 1}` };
          return (
            <li key={node.key}>
              {node.kind === 'rule'
                ? <RuleFields rule={node} depth={depth + 1} {...place} />
                : <CriterionFields criterion={node} {...place} />}
            </li>
          );
        })}
      </ol>
      <AddButtons rule={rule} number={number} canNest={depth < document.limits.depth} />
      <CheckControl
        id={controlIdOf(`${pointer}/negated`)}
        label={intl.formatMessage(messages.negated)}
        checked={rule.negated}
        onChange={(negated) => update({ negated })}
      />
      {number && (
        <Button
          variant="outline-danger"
          size="sm"
          aria-label={intl.formatMessage(messages.removeNamed, { name: legend })}
          onClick={() => remove(rule.key)}
        >
          <FormattedMessage {...messages.remove} />
        </Button>
      )}
    </fieldset>
  );
}

function AddButtons({ rule, number, canNest }: { rule: DraftRule; number: string; canNest: boolean }) {
  const { document } = useBuilder();
  const { add, criteria } = useRuleEditor();
  const limit = document.limits.criteria;
  if (criteria >= limit) {
    return <p className="small"><FormattedMessage {...messages.limitReached} values={{ limit }} /></p>;
  }
  return (
    <div className="d-flex flex-wrap user-groups-actions mb-3">
      <Button variant="outline-primary" size="sm" onClick={() => add(rule.key, newCriterion())}>
        <FormattedMessage {...(number ? messages.addCriterionTo : messages.addCriterion)} values={{ number }} />
      </Button>
      {canNest && (
        <Button variant="outline-primary" size="sm" onClick={() => add(rule.key, newRule('any'))}>
          <FormattedMessage {...(number ? messages.addNestedTo : messages.addNested)} values={{ number }} />
        </Button>
      )}
    </div>
  );
}
