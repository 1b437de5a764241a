/**
 * The group builder: list, form and details of the user groups of one scope.
 *
 * It needs a react-intl provider around it. It brings a react-query client of its own, because the defaults of an MFE
 * keep answers for an hour; and it knows no criterion type: everything is drawn from the document of the scope.
 */
import { Button } from '@openedx/paragon';
import { QueryClient, QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { FormattedMessage } from 'react-intl';
import type { ApiClient } from '../react/client.js';
import { keys, ONCE } from '../react/keys.js';
import { useCriterionTypes } from '../react/useCriterionTypes.js';
import type { MembershipSource, Scope, UserGroup } from '../types.js';
import { BuilderContext, useBuilder } from './common/context.js';
import { ErrorAlert } from './common/ErrorAlert.js';
import { Loading } from './common/Loading.js';
import { GroupDetail } from './detail/GroupDetail.js';
import { GroupEditor } from './editor/GroupEditor.js';
import { GroupList } from './list/GroupList.js';
import messages from './messages.js';

export interface UserGroupBuilderProps {
  /** Sends the requests; in an MFE made with `fromAxios`. */
  client: ApiClient;
  scope: Scope;
}

export function UserGroupBuilder({ client, scope }: UserGroupBuilderProps) {
  const [queryClient] = useState(() => new QueryClient());
  return (
    <QueryClientProvider client={queryClient}>
      {/* Another scope is another builder: nothing of a half-filled form may end up in it. */}
      <Loaded key={`${scope.type} ${scope.key}`} client={client} scope={scope} />
    </QueryClientProvider>
  );
}

function Loaded({ client, scope }: UserGroupBuilderProps) {
  const { data, error, refetch } = useCriterionTypes({ client, scope });
  const builder = useMemo(() => data && { client, scope, document: data }, [client, scope, data]);
  if (builder) {
    return (
      <BuilderContext.Provider value={builder}>
        <Views />
      </BuilderContext.Provider>
    );
  }
  return error ? <ErrorAlert error={error} onRetry={() => void refetch()} /> : <Loading />;
}

type View =
  | { name: 'list' }
  | { name: 'create'; source: MembershipSource }
  | { name: 'detail'; group: UserGroup }
  | { name: 'edit'; group: UserGroup };

function Views() {
  const [view, setView] = useState<View>({ name: 'list' });
  const [isFirst, setIsFirst] = useState(true);
  const [news, setNews] = useState<{ message: keyof typeof messages; name: string } | null>(null);
  const go = (next: View, announced: typeof news = null) => {
    setIsFirst(false);
    setNews(announced);
    setView(next);
  };
  const open = (group: UserGroup) => go({ name: 'detail', group });
  const saved = (group: UserGroup) => go({ name: 'detail', group }, { message: 'saved', name: group.name });
  return (
    <div className="user-groups-builder">
      {view.name !== 'list' && (
        <Button variant="link" className="px-0" onClick={() => go({ name: 'list' })}>
          <span aria-hidden="true">← </span><FormattedMessage {...messages.back} />
        </Button>
      )}
      <p role="status" className="user-groups-news">
        {news && <FormattedMessage {...messages[news.message]} values={{ name: news.name }} />}
      </p>
      {view.name === 'list' && (
        <GroupList takesFocus={!isFirst} onOpen={open} onCreate={(source) => go({ name: 'create', source })} />
      )}
      {view.name === 'create' && (
        <GroupEditor source={view.source} onSaved={saved} onCancel={() => go({ name: 'list' })} onReload={() => undefined} />
      )}
      {view.name === 'edit' && <Edit group={view.group} onSaved={saved} onCancel={() => open(view.group)} />}
      {view.name === 'detail' && (
        <GroupDetail
          key={view.group.uuid}
          known={view.group}
          onOpen={open}
          onEdit={(group) => go({ name: 'edit', group })}
          onArchived={({ name }) => go({ name: 'list' }, { message: 'archived', name })}
        />
      )}
    </div>
  );
}

interface EditProps {
  group: UserGroup;
  onSaved: (group: UserGroup) => void;
  onCancel: () => void;
}

/** The form over the group as it was when it was opened; loading it again starts the form anew. */
function Edit({ group, onSaved, onCancel }: EditProps) {
  const [edited, setEdited] = useState(group);
  const [reloads, setReloads] = useState(0);
  const reload = useReload(group, (present) => {
    setEdited(present);
    setReloads(reloads + 1);
  });
  return (
    <GroupEditor
      key={reloads}
      group={edited}
      source={edited.membership_source}
      onSaved={onSaved}
      onCancel={onCancel}
      onReload={reload}
    />
  );
}

function useReload({ uuid }: UserGroup, onLoaded: (present: UserGroup) => void): () => void {
  const { client } = useBuilder();
  const queryClient = useQueryClient();
  const load = () => client.send<UserGroup>({ method: 'GET', path: `user_groups/${uuid}/` });
  return () => void queryClient.fetchQuery({ queryKey: keys.group(uuid), queryFn: load, ...ONCE }).then(onLoaded);
}
