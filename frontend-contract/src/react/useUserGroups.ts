/** Reading and writing groups, their members, runs and history. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type {
  ChangeKind,
  Copy,
  HeldChange,
  ImportMode,
  ImportReport,
  MemberPage,
  MembersChanged,
  MembershipChange,
  Page,
  PinnedExample,
  PinnedExampleRequest,
  Refresh,
  Scope,
  UserGroup,
  UserGroupCreate,
  UserGroupUpdate,
} from '../types.js';
import type { ApiClient, ApiError } from './client.js';
import { forgetGroup, keys, ONCE, SHORT } from './keys.js';

/** While a run is under way, the group is asked for again this often. */
const POLL = 2_000;

interface WithClient {
  client: ApiClient;
}

interface OfGroup extends WithClient {
  uuid: string;
}

/** A page of the groups of a scope. */
export function useUserGroups({ client, scope, search, page }: WithClient & { scope: Scope; search: string; page: number }) {
  const query = { scope_type: scope.type, scope_key: scope.key, search, page: page > 1 ? page : undefined };
  return useQuery<Page<UserGroup>, ApiError>({
    queryKey: keys.groupList(scope, { search, page }),
    queryFn: ({ signal }) => client.send({ method: 'GET', path: 'user_groups/', query, signal }),
    placeholderData: keepPreviousData,
    staleTime: SHORT,
    ...ONCE,
    refetchInterval: ({ state }) => (state.data?.results.some((group) => group.state === 'refreshing') ? POLL : false),
  });
}

/** One group; asked for again as long as it is being refreshed. */
export function useUserGroup({ client, uuid, known }: OfGroup & { known?: UserGroup }) {
  return useQuery<UserGroup, ApiError>({
    queryKey: keys.group(uuid),
    queryFn: ({ signal }) => client.send({ method: 'GET', path: `user_groups/${uuid}/`, signal }),
    ...(known ? { placeholderData: known } : {}),
    staleTime: SHORT,
    ...ONCE,
    refetchInterval: ({ state }) => (state.data?.state === 'refreshing' ? POLL : false),
  });
}

function usePart<T>({ client, uuid }: OfGroup, part: string, query: Record<string, string | number | undefined>) {
  return useQuery<T, ApiError>({
    queryKey: keys.groupPart(uuid, part, query),
    queryFn: ({ signal }) => client.send({ method: 'GET', path: `user_groups/${uuid}/${part}/`, query, signal }),
    placeholderData: keepPreviousData,
    staleTime: SHORT,
    ...ONCE,
  });
}

/** A page of the members. */
export function useMembers({ search, page, ...group }: OfGroup & { search: string; page: number }) {
  return usePart<MemberPage>(group, 'members', { search, page });
}

/** A page of the runs, newest first. */
export function useRefreshes({ page, ...group }: OfGroup & { page: number }) {
  return usePart<Page<Refresh>>(group, 'refreshes', { page });
}

/** The run that waits for a person's word, as a list of one or none. */
export function useHeldRefresh(group: OfGroup) {
  return usePart<Page<Refresh>>(group, 'refreshes', { state: 'held' });
}

/** A page of those who would leave, or join, if a held run were confirmed. */
export function useHeldChanges({ refresh, kind, page, ...group }: OfGroup & { refresh: string; kind: ChangeKind; page: number }) {
  return usePart<Page<HeldChange>>(group, `refreshes/${refresh}/difference`, { kind, page });
}

/** A page of the learners of whom staff say where they must be, oldest first. */
export function usePinnedExamples({ page, ...group }: OfGroup & { page: number }) {
  return usePart<Page<PinnedExample>>(group, 'pinned_examples', { page });
}

/** A page of the history, newest first. */
export function useMembershipChanges({ page, ...group }: OfGroup & { page: number }) {
  return usePart<Page<MembershipChange>>(group, 'membership_changes', { page });
}

function useWrite<Variables, Result>(uuid: string | undefined, write: (variables: Variables) => Promise<Result>) {
  const queryClient = useQueryClient();
  return useMutation<Result, ApiError, Variables>({
    mutationFn: write,
    ...ONCE,
    onSuccess: () => forgetGroup(queryClient, uuid),
  });
}

/** Create a group. */
export function useCreateUserGroup({ client }: WithClient) {
  return useWrite<UserGroupCreate, UserGroup>(undefined, (body) => client.send({ method: 'POST', path: 'user_groups/', body }));
}

/** Change a group. A changed rule must come with the `rule_version` that was edited. */
export function useUpdateUserGroup({ client, uuid }: OfGroup) {
  return useWrite<UserGroupUpdate, UserGroup>(uuid, (body) =>
    client.send({ method: 'PATCH', path: `user_groups/${uuid}/`, body }),
  );
}

/** Take a group out of use. */
export function useArchiveUserGroup({ client, uuid }: OfGroup) {
  // What is below the group is gone, and asking for it again would be answered with an error.
  return useWrite<void, void>(undefined, () => client.send({ method: 'DELETE', path: `user_groups/${uuid}/` }));
}

/** Have the members computed again. */
export function useRefreshNow({ client, uuid }: OfGroup) {
  return useWrite<void, Refresh>(uuid, () => client.send({ method: 'POST', path: `user_groups/${uuid}/refreshes/` }));
}

/** Carry out a held run after all. */
export function useConfirmRefresh({ client, uuid }: OfGroup) {
  return useWrite<string, Refresh>(uuid, (refresh) =>
    client.send({ method: 'POST', path: `user_groups/${uuid}/refreshes/${refresh}/confirmation/` }),
  );
}

/** Drop a held run: the members stay. */
export function useDiscardRefresh({ client, uuid }: OfGroup) {
  return useWrite<string, void>(uuid, (refresh) =>
    client.send({ method: 'DELETE', path: `user_groups/${uuid}/refreshes/${refresh}/difference/` }),
  );
}

/** Make a new group with the same rule, here or in another scope. */
export function useCopyUserGroup({ client, uuid }: OfGroup) {
  return useWrite<{ scope: Scope; name: string }, Copy>(undefined, (body) =>
    client.send({ method: 'POST', path: `user_groups/${uuid}/copies/`, body }),
  );
}

/** Say of a learner that they must be in the group, or must not be. */
export function usePinLearner({ client, uuid }: OfGroup) {
  return useWrite<PinnedExampleRequest, PinnedExample>(uuid, (body) =>
    client.send({ method: 'POST', path: `user_groups/${uuid}/pinned_examples/`, body }),
  );
}

/** Take back what was said of learners. */
export function useUnpinLearners({ client, uuid }: OfGroup) {
  return useWrite<string[], void>(uuid, (learners) =>
    client.send({ method: 'DELETE', path: `user_groups/${uuid}/pinned_examples/`, body: { learners } }),
  );
}

/** Put learners into a group whose members are listed by hand. */
export function useAddMembers({ client, uuid }: OfGroup) {
  return useWrite<string[], MembersChanged>(uuid, (learners) =>
    client.send({ method: 'POST', path: `user_groups/${uuid}/members/`, body: { learners } }),
  );
}

/** Take learners out of a group whose members are listed by hand. */
export function useRemoveMembers({ client, uuid }: OfGroup) {
  return useWrite<string[], MembersChanged>(uuid, (learners) =>
    client.send({ method: 'DELETE', path: `user_groups/${uuid}/members/`, body: { learners } }),
  );
}

/** Add, replace or remove members by a CSV file. */
export function useImportMembers({ client, uuid }: OfGroup) {
  return useWrite<{ file: File; mode: ImportMode }, ImportReport>(uuid, ({ file, mode }) => {
    const form = new FormData();
    form.append('file', file);
    form.append('mode', mode);
    return client.send({ method: 'POST', path: `user_groups/${uuid}/member_imports/`, form });
  });
}
