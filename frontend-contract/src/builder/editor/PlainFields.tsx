/** Name and description of a group. */
import { useIntl } from 'react-intl';
import { TextInput } from '../common/TextInput.js';
import messages from '../messages.js';
import { controlIdOf, useFeedback } from './feedback.js';

interface Props {
  name: string;
  description: string;
  onName: (name: string) => void;
  onDescription: (description: string) => void;
}

export function PlainFields({ name, description, onName, onDescription }: Props) {
  const intl = useIntl();
  const feedback = useFeedback();
  const common = (place: 'name' | 'description') => ({
    id: controlIdOf(`/${place}`),
    label: intl.formatMessage(messages[place]),
    errors: feedback.within(`/${place}`),
  });
  return (
    <>
      <TextInput {...common('name')} value={name} isRequired maxLength={255} onChange={onName} />
      <TextInput {...common('description')} value={description} onChange={onDescription} />
    </>
  );
}
