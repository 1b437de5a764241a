/** A group of check boxes or radio buttons for choices that are all in view. */
import { Form } from '@openedx/paragon';
import type { ChangeEvent } from 'react';
import type { Choice } from '../../types.js';

interface Props {
  id: string;
  choices: readonly Choice[];
  chosen: readonly string[];
  isMultiple: boolean;
  onChange: (chosen: string[]) => void;
}

export function ChoiceSet({ id, choices, chosen, isMultiple, onChange }: Props) {
  const toggle = (value: string, isOn: boolean) => {
    if (!isMultiple) {
      onChange([value]);
    } else {
      onChange(isOn ? [...chosen, value] : chosen.filter((item) => item !== value));
    }
  };
  const Control = isMultiple ? Form.Checkbox : Form.Radio;
  return (
    <ul className="list-unstyled user-groups-choices">
      {choices.map(({ value, label }, index) => (
        <li key={value}>
          <Control
            id={`${id}-${index}`}
            name={id}
            value={String(value)}
            checked={chosen.includes(String(value))}
            onChange={(event: ChangeEvent<HTMLInputElement>) => toggle(String(value), event.target.checked)}
          >
            {label}
          </Control>
        </li>
      ))}
    </ul>
  );
}
