/** Some of those who match. User names are personal data: nobody is named unasked. */
import { FormattedMessage } from 'react-intl';
import { usePreview } from '../../react/usePreview.js';
import { useBuilder } from '../common/context.js';
import messages from '../messages.js';
import { Awaited } from './Awaited.js';
import { questionOf, type Question } from './question.js';

export function SampleList({ question }: { question: Question }) {
  const builder = useBuilder();
  const size = builder.document.limits.sample_size;
  const state = usePreview({ ...questionOf(builder, question), sampleSize: size, detail: 'count' });
  return (
    <Awaited state={state}>
      {({ sample }) => (
        <>
          <h4 className="h5 mt-3" id="user-groups-sample"><FormattedMessage {...messages.sample} /></h4>
          <ul className="small" aria-labelledby="user-groups-sample">
            {sample.results.map(({ username }) => <li key={username}>{username}</li>)}
          </ul>
        </>
      )}
    </Awaited>
  );
}
