/** One criterion: its type, its operator, and whatever fields the metadata says that they need. */
import { Button } from '@openedx/paragon';
import { FormattedMessage, useIntl } from 'react-intl';
import { findType } from '../../document.js';
import type { CriterionType } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { fieldsOf, operatorOf, slotOf, valueOf, withOperator, withType, type DraftCriterion } from '../draft.js';
import messages from '../messages.js';
import { FieldControl } from '../values/FieldControl.js';
import { SelectControl } from '../values/SelectControl.js';
import { controlIdOf, useFeedback } from './feedback.js';
import { NodeNotes } from './NodeNotes.js';
import { TypeSelect } from './TypeSelect.js';
import { useRuleEditor } from './useRuleEditor.js';

interface Props {
  criterion: DraftCriterion;
  pointer: string;
  number: string;
}

export function CriterionFields({ criterion, pointer, number }: Props) {
  const intl = useIntl();
  const { document } = useBuilder();
  const { change, remove } = useRuleEditor();
  const type = findType(document, criterion.type);
  const update = (how: (node: DraftCriterion) => DraftCriterion) => change(criterion.key, (node) => how(node as DraftCriterion));
  const label = type?.label ?? criterion.type;
  const legend = label
    ? intl.formatMessage(messages.criterionOf, { number, label })
    : intl.formatMessage(messages.criterion, { number });
  const fields = fieldsOf(document, criterion);
  // Of what cannot be edited, no control is drawn: all messages about it stand at the node.
  const drawn = ['type', 'config/operator', ...fields.map(({ field }) => `config/${field.name}`)];
  const own = criterion.untouched ? [] : drawn.map((place) => `${pointer}/${place}`);
  return (
    <fieldset id={criterion.key} tabIndex={-1} className="user-groups-node" data-user-groups-node={pointer}>
      <legend>{legend}</legend>
      {criterion.untouched
        ? <Untouched criterion={criterion} type={type} />
        : (
          <>
            <div className="user-groups-fields">
              <TypeSelect pointer={pointer} value={criterion.type} onChange={(id) => update((node) => withType(document, node, id))} />
              {type && <OperatorFields {...{ criterion, pointer, type, update }} />}
              {fields.map(({ field, isOptional }) => (
                <FieldControl
                  key={slotOf(document, criterion, field.name)}
                  field={field}
                  pointer={`${pointer}/config/${field.name}`}
                  value={valueOf(document, criterion, field)}
                  isOptional={isOptional}
                  onChange={(value) =>
                    update((node) => ({ ...node, values: { ...node.values, [slotOf(document, node, field.name)]: value } }))}
                />
              ))}
            </div>
            <MissingMeaning criterion={criterion} type={type} />
          </>
        )}
      <NodeNotes pointer={pointer} own={own} />
      <Button
        variant="outline-danger"
        size="sm"
        aria-label={intl.formatMessage(messages.removeNamed, { name: legend })}
        onClick={() => remove(criterion.key)}
      >
        <FormattedMessage {...messages.remove} />
      </Button>
    </fieldset>
  );
}

/** A type that is not installed, or an operator that is gone: shown, saved as it is, and removable. */
function Untouched({ criterion, type }: { criterion: DraftCriterion; type: CriterionType | undefined }) {
  return (
    <div className="user-groups-warning">
      <p><FormattedMessage {...messages.typeUnavailable} /> {type?.availability.message}</p>
      <dl className="small">
        {Object.entries(criterion.untouched ?? {}).map(([name, value]) => (
          <div key={name} className="d-flex">
            <dt className="mr-2">{name}</dt>
            <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

interface OperatorProps {
  criterion: DraftCriterion;
  pointer: string;
  type: CriterionType;
  update: (how: (node: DraftCriterion) => DraftCriterion) => void;
}

function OperatorFields({ criterion, pointer, type, update }: OperatorProps) {
  const intl = useIntl();
  const feedback = useFeedback();
  const { document } = useBuilder();
  const alternatives = operatorOf(document, criterion)?.fields ?? [];
  return (
    <>
      <SelectControl
        id={controlIdOf(`${pointer}/config/operator`)}
        label={intl.formatMessage(messages.operator)}
        value={criterion.operator}
        errors={feedback.at(`${pointer}/config/operator`)}
        onChange={(id) => update((node) => withOperator(document, node, id))}
      >
        {type.operators.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}
      </SelectControl>
      {alternatives.length > 1 && (
        <SelectControl
          id={controlIdOf(`${pointer}/field`)}
          label={intl.formatMessage(messages.compareBy)}
          value={criterion.field}
          onChange={(field) => update((node) => ({ ...node, field }))}
        >
          {type.fields.filter(({ name }) => alternatives.includes(name)).map(({ name, label }) => (
            <option key={name} value={name}>{label}</option>
          ))}
        </SelectControl>
      )}
    </>
  );
}

/** What the metadata says about learners without a value, once for the criterion. */
function MissingMeaning({ criterion, type }: { criterion: DraftCriterion; type: CriterionType | undefined }) {
  const { document } = useBuilder();
  const operator = operatorOf(document, criterion);
  const meaning = type?.fields.find((field) => field.missing_meaning)?.missing_meaning;
  if (!meaning || !operator) {
    return null;
  }
  return (
    <p className="small">
      <FormattedMessage {...messages.missingMeaning} values={{ meaning }} />
      {operator.includes_missing && <> <FormattedMessage {...messages.missingMatches} /></>}
    </p>
  );
}
