/** What every part of the builder needs: the client, the scope, and the document once it is there. */
import { createContext, useContext } from 'react';
import type { ApiClient } from '../../react/client.js';
import type { CriterionTypes, Scope } from '../../types.js';

export interface Builder {
  client: ApiClient;
  scope: Scope;
  document: CriterionTypes;
}

export const BuilderContext = createContext<Builder | null>(null);

export function useBuilder(): Builder {
  const builder = useContext(BuilderContext);
  if (!builder) {
    throw new Error('useBuilder needs a BuilderContext around it.');
  }
  return builder;
}
