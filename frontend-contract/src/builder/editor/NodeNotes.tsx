/** What there is to say about a node as a whole: mistakes, warnings, and what it does to the number of learners. */
import { FormattedMessage } from 'react-intl';
import { Messages } from '../common/Messages.js';
import messages from '../messages.js';
import { controlIdOf, useFeedback } from './feedback.js';
import { Funnel } from './Funnel.js';

interface Props {
  pointer: string;
  /** The places below this node whose messages stand elsewhere. A trailing slash stands for everything below. */
  own: readonly string[];
  /** The panel beside the form has the count and the warnings of the whole rule. */
  isWhole?: boolean;
}

export function NodeNotes({ pointer, own, isWhole = false }: Props) {
  const feedback = useFeedback();
  const count = feedback.countAt(pointer);
  const below = own.filter((place) => place.endsWith('/')).map((place) => place.slice(0, -1));
  const elsewhere = own.filter((place) => !place.endsWith('/'));
  const errors = [
    ...feedback.within(pointer, [...elsewhere, ...below]),
    // `/rule/nodes` itself is about the node; `/rule/nodes/0` is about the first one below.
    ...below.flatMap((place) => feedback.at(place)),
  ];
  return (
    <>
      <Messages id={controlIdOf(`${pointer}/notes`)} texts={errors} />
      {!isWhole && feedback.warningsAt(pointer).map((text) => (
        <p key={text} className="small user-groups-warning">
          <strong><FormattedMessage {...messages.warning} /></strong> {text}
        </p>
      ))}
      {!isWhole && count && <Funnel node={count} />}
    </>
  );
}
