/** The choice of a criterion type, in the document's order and categories. */
import { FormattedMessage, useIntl } from 'react-intl';
import { findType } from '../../document.js';
import type { CriterionType } from '../../types.js';
import { useBuilder } from '../common/context.js';
import messages from '../messages.js';
import { SelectControl } from '../values/SelectControl.js';
import { controlIdOf, useFeedback } from './feedback.js';

interface Props {
  pointer: string;
  value: string;
  onChange: (id: string) => void;
}

export function TypeSelect({ pointer, value, onChange }: Props) {
  const intl = useIntl();
  const { document } = useBuilder();
  const feedback = useFeedback();
  const type = findType(document, value);
  return (
    <div>
      <SelectControl
        id={controlIdOf(`${pointer}/type`)}
        label={intl.formatMessage(messages.type)}
        help={type?.help_text}
        value={value}
        errors={feedback.at(`${pointer}/type`)}
        onChange={onChange}
      >
        {value === '' && <option value="">{intl.formatMessage(messages.chooseType)}</option>}
        {categoriesOf(document.criterion_types).map(([category, types]) => (
          <optgroup key={category} label={category}>
            {types.map(({ id, label, availability }) => {
              const isGone = availability.status === 'unavailable';
              const text = isGone ? intl.formatMessage(messages.unavailableType, { label }) : label;
              return <option key={id} value={id} disabled={isGone}>{text}</option>;
            })}
          </optgroup>
        ))}
      </SelectControl>
      {type && type.availability.status !== 'available' && (
        <p className="small user-groups-warning">
          <FormattedMessage {...messages.degraded} values={{ reason: type.availability.message ?? '' }} />
        </p>
      )}
    </div>
  );
}

/** The types under the name of their category. */
function categoriesOf(types: readonly CriterionType[]): [string, CriterionType[]][] {
  const categories = new Map<string, CriterionType[]>();
  types.forEach((type) => {
    const name = type.category_label;
    categories.set(name, [...(categories.get(name) ?? []), type]);
  });
  return [...categories];
}
