/** The contract document of a scope, and the choices that its fields search for. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { readCriterionTypes } from '../document.js';
import type { Choice, CriterionTypes, Page, Scope } from '../types.js';
import type { ApiClient, ApiError } from './client.js';
import { keys, LONG, ONCE } from './keys.js';

const scopeQuery = (scope: Scope) => ({ scope_type: scope.type, scope_key: scope.key });

/** The document from which everything is drawn. */
export function useCriterionTypes({ client, scope }: { client: ApiClient; scope: Scope }) {
  return useQuery<CriterionTypes, ApiError>({
    queryKey: keys.types(scope),
    queryFn: async ({ signal }) =>
      readCriterionTypes(
        await client.send<CriterionTypes>({
          method: 'GET',
          path: 'criterion_types/',
          query: scopeQuery(scope),
          signal,
        }),
      ),
    staleTime: LONG,
    ...ONCE,
  });
}

interface ChoicesOptions {
  client: ApiClient;
  scope: Scope;
  /** `choices.url` of the field. */
  url: string;
  /** What was typed into the search, already debounced. */
  search: string;
  /** `choices.search_param` of the field. */
  searchParam: string;
  enabled: boolean;
}

/** The first page of the choices that match. */
export function useChoices({ client, scope, url, search, searchParam, enabled }: ChoicesOptions) {
  return useQuery<Page<Choice>, ApiError>({
    queryKey: keys.choices(scope, url, { search }),
    queryFn: ({ signal }) =>
      client.send({ method: 'GET', path: url, query: { ...scopeQuery(scope), [searchParam]: search }, signal }),
    placeholderData: keepPreviousData,
    staleTime: LONG,
    ...ONCE,
    enabled,
  });
}

interface LabelsOptions {
  client: ApiClient;
  scope: Scope;
  url: string;
  /** `choices.resolve_param` of the field. */
  resolveParam: string;
  values: readonly string[];
}

/** The labels of stored values. What the server does not know any more is left out. */
export function useChoiceLabels({ client, scope, url, resolveParam, values }: LabelsOptions) {
  return useQuery<Page<Choice>, ApiError>({
    queryKey: keys.choices(scope, url, { values }),
    queryFn: ({ signal }) =>
      client.send({
        method: 'GET',
        path: url,
        query: { ...scopeQuery(scope), [resolveParam]: values, page_size: 100 },
        signal,
      }),
    staleTime: LONG,
    ...ONCE,
    enabled: values.length > 0,
  });
}
