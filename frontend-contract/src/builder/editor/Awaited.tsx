/** What was asked for by hand: its answer, or why there is none yet. */
import type { ReactNode } from 'react';
import type { PreviewState } from '../../react/usePreview.js';
import type { Preview } from '../../types.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { InterimAnnounced } from './Interim.js';

interface Props {
  state: PreviewState;
  children: (preview: Preview) => ReactNode;
}

export function Awaited({ state, children }: Props) {
  if (state.error) {
    return <ErrorAlert error={state.error} onRetry={state.retry} />;
  }
  if (state.interim || state.overBudget) {
    return <p role="status" className="small"><InterimAnnounced state={state} /></p>;
  }
  return state.preview ? <>{children(state.preview)}</> : <Loading />;
}
