/** Draws the control of a field from nothing but its metadata. */
import type { ReactNode } from 'react';
import { useIntl } from 'react-intl';
import type { ValueField } from '../../types.js';
import { describedBy, Messages } from '../common/Messages.js';
import { controlIdOf, useFeedback } from '../editor/feedback.js';
import messages from '../messages.js';
import { CheckControl } from './CheckControl.js';
import { ChoicePicker } from './ChoicePicker.js';
import { ChoiceSet } from './ChoiceSet.js';
import type { DraftRange, DraftValue } from './draftValue.js';
import { SelectControl } from './SelectControl.js';
import { TextControl } from './TextControl.js';

/** Up to this many choices are shown at once; above, they are searched for. */
const SHOWN_AT_ONCE = 12;

export interface FieldControlProps {
  field: ValueField;
  /** The place of the value in the request. */
  pointer: string;
  value: DraftValue;
  isOptional: boolean;
  onChange: (value: DraftValue) => void;
}

export function FieldControl(props: FieldControlProps) {
  const { field, pointer, value, isOptional, onChange } = props;
  const intl = useIntl();
  const feedback = useFeedback();
  const id = controlIdOf(pointer);
  const errors = feedback.within(pointer);
  const help = field.help_text;
  const label = field.unit
    ? intl.formatMessage(messages.withUnit, { label: field.label, unit: field.unit })
    : field.label;

  if (typeof value === 'boolean') {
    return <CheckControl {...{ id, label, help, errors, onChange }} checked={value} />;
  }
  if (typeof value === 'object' && !Array.isArray(value)) {
    return <RangeControl {...props} value={value} label={label} />;
  }
  const choices = field.choices.results ?? [];
  if (field.choices.mode === 'none') {
    const isList = Array.isArray(value);
    const lines = isList ? [help, intl.formatMessage(messages.onePerLine)].filter(Boolean).join(' ') : help;
    const text = isList ? value.join('\n') : value;
    const take = (typed: string) => onChange(isList ? splitLines(typed) : typed);
    return <TextControl {...{ id, label, field, errors }} help={lines} value={text} isRequired={!isOptional} onChange={take} />;
  }
  if (field.choices.mode === 'inline' && typeof value === 'string') {
    return (
      <SelectControl {...{ id, label, help, value, errors, onChange }}>
        {(value === '' || isOptional) && <option value="">{intl.formatMessage(messages.chooseValue)}</option>}
        {choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
      </SelectControl>
    );
  }
  const chosen = Array.isArray(value) ? value : [value].filter(Boolean);
  const take = (items: string[]) => onChange(field.multiple ? items : items[0] ?? '');
  const isShort = field.choices.mode === 'inline' && choices.length <= SHOWN_AT_ONCE;
  return (
    <Fieldset id={id} label={label} help={help} errors={errors}>
      {isShort
        ? <ChoiceSet {...{ id, choices, chosen }} isMultiple={field.multiple} onChange={take} />
        : <ChoicePicker {...{ id, label, field, chosen }} onChange={take} />}
    </Fieldset>
  );
}

/** Empty lines are kept while typing, or nobody could begin a new one; the last step before sending drops them. */
const splitLines = (text: string): string[] => (text === '' ? [] : text.split('\n'));

type RangeControlProps = Omit<FieldControlProps, 'value'> & { value: DraftRange; label: string };

function RangeControl({ field, pointer, value, label, isOptional, onChange }: RangeControlProps) {
  const feedback = useFeedback();
  const intl = useIntl();
  const ends = (['from', 'to'] as const).map((end) => ({ end, at: `${pointer}/${end}` }));
  const errors = feedback.within(pointer, ends.map(({ at }) => at));
  return (
    <Fieldset id={controlIdOf(pointer)} label={label} help={field.help_text} errors={errors}>
      <div className="d-flex flex-wrap user-groups-actions">
        {ends.map(({ end, at }) => (
          <TextControl
            key={end}
            id={controlIdOf(at)}
            label={intl.formatMessage(messages[end])}
            field={field}
            value={value[end]}
            errors={feedback.within(at)}
            isRequired={!isOptional}
            onChange={(text) => onChange({ ...value, [end]: text })}
          />
        ))}
      </div>
    </Fieldset>
  );
}

interface FieldsetProps {
  id: string;
  label: string;
  help: string;
  errors: readonly string[];
  children: ReactNode;
}

/** Several controls that are one value together. */
function Fieldset({ id, label, help, errors, children }: FieldsetProps) {
  const description = describedBy(help && `${id}-help`, errors.length > 0 && `${id}-errors`);
  return (
    <fieldset id={id} className="form-group" tabIndex={-1} aria-describedby={description}>
      <legend className="pgn__form-label">{label}</legend>
      {help && <div id={`${id}-help`} className="pgn__form-text small">{help}</div>}
      {children}
      <Messages id={`${id}-errors`} texts={errors} />
    </fieldset>
  );
}
