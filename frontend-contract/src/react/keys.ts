/** The query keys of everything that is cached, and how long it may be. */
import type { QueryClient } from '@tanstack/react-query';
import type { Scope } from '../types.js';

/** The first part of every key: nothing else in a page's cache begins with it. */
const ROOT = 'openedx-user-groups';

export const keys = {
  types: (scope: Scope) => [ROOT, 'types', scope.type, scope.key] as const,
  choices: (scope: Scope, url: string, query: object) => [ROOT, 'choices', scope.type, scope.key, url, query] as const,
  preview: (request: string) => [ROOT, 'preview', request] as const,
  groups: () => [ROOT, 'groups'] as const,
  groupList: (scope: Scope, query: object) => [ROOT, 'groups', scope.type, scope.key, query] as const,
  group: (uuid: string) => [ROOT, 'group', uuid] as const,
  groupPart: (uuid: string, part: string, query: object) => [ROOT, 'group', uuid, part, query] as const,
};

/**
 * What holds for every request. Without `always`, react-query would hold requests back while the browser says that it is
 * offline, and nobody would be told. Nothing is repeated by itself: the person decides.
 */
export const ONCE = { networkMode: 'always', retry: false } as const;

/** An MFE's default is an hour; groups change under one's hands. */
export const SHORT = 10_000;
/** Choices and types change with deployments and with courses, and a stale contract is refused with its own code. */
export const LONG = 300_000;

/** Forget what a change of one group made wrong: the lists that name it, and everything below it. */
export async function forgetGroup(queryClient: QueryClient, uuid?: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: keys.groups() }),
    uuid ? queryClient.invalidateQueries({ queryKey: keys.group(uuid) }) : undefined,
  ]);
}
