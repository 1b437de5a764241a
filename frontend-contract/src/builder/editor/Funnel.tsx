/** What a node does to the number of learners: in words, and as two bars that only repeat the words. */
import { Badge } from '@openedx/paragon';
import type { ReactNode } from 'react';
import { FormattedMessage } from 'react-intl';
import type { NodeCount } from '../../types.js';
import messages from '../messages.js';

export function Funnel({ node }: { node: NodeCount & { universe: number } }) {
  const { count, running, without, universe } = node;
  return (
    <div className="small mb-2" data-user-groups-funnel={node.pointer}>
      <Bar count={count} universe={universe} kind="own">
        <strong data-user-groups-count={node.pointer}>
          <FormattedMessage {...messages.nodeCount} values={{ count }} />
        </strong>
      </Bar>
      {running !== null && (
        <Bar count={running} universe={universe} kind="running">
          <FormattedMessage {...messages.nodeRunning} values={{ count: running }} />
        </Bar>
      )}
      {without !== null && <div><FormattedMessage {...messages.nodeWithout} values={{ count: without }} /></div>}
      {node.redundant && <Badge variant="warning"><FormattedMessage {...messages.redundant} /></Badge>}
      {node.decisive && <Badge variant="danger"><FormattedMessage {...messages.decisive} /></Badge>}
    </div>
  );
}

interface BarProps {
  count: number;
  universe: number;
  kind: 'own' | 'running';
  children: ReactNode;
}

function Bar({ count, universe, kind, children }: BarProps) {
  const share = universe > 0 ? Math.min(100, (count / universe) * 100) : 0;
  return (
    <div className="user-groups-bar">
      <div>{children}</div>
      <div aria-hidden="true" className="user-groups-track">
        <div className={`user-groups-share user-groups-share-${kind}`} style={{ width: `${share}%` }} />
      </div>
    </div>
  );
}
