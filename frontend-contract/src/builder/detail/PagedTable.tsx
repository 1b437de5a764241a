/** One page of a list of a group as a table; and what stands there while it loads, where it fails, and where the list
 * is empty. */
import type { ReactNode } from 'react';
import { FormattedMessage } from 'react-intl';
import type { Page } from '../../types.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { Loading } from '../common/Loading.js';
import { Pager } from '../common/Pager.js';
import messages from '../messages.js';

type MessageName = keyof typeof messages;

interface Props<Item> {
  /** What the hook of the list answers. */
  answer: { data?: Page<Item>; error: Error | null; refetch: () => unknown };
  columns: readonly MessageName[];
  empty: MessageName;
  onPage: (page: number) => void;
  /** The row of an item, with its key. */
  children: (item: Item) => ReactNode;
}

export function PagedTable<Item>({ answer: { data, error, refetch }, columns, empty, onPage, children }: Props<Item>) {
  if (error) {
    return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  }
  if (!data) {
    return <Loading />;
  }
  if (!data.count) {
    return <p className="pt-3"><FormattedMessage {...messages[empty]} /></p>;
  }
  return (
    <div className="pt-3 table-responsive">
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => <th key={column} scope="col"><FormattedMessage {...messages[column]} /></th>)}
          </tr>
        </thead>
        <tbody>{data.results.map(children)}</tbody>
      </table>
      <Pager page={data.current_page} pages={data.num_pages} onChange={onPage} />
    </div>
  );
}
