/** The committed fixtures, which the server accepts and refuses in its own tests. */
import type { CriterionTypes, Rule, Scope, Violation } from '../../src/types.js';

export interface DefinitionFixture {
  name: string;
  scope: Scope;
  valid: boolean;
  schema_accepts: boolean;
  violations: Violation[];
  definition: Rule;
}

const read = (files: Record<string, unknown>) =>
  Object.entries(files).map(([path, body]) => ({ path: path.replace('../../fixtures/', ''), body }));

export const definitions = read(import.meta.glob('../../fixtures/definitions/*.json', { eager: true, import: 'default' }))
  .flatMap(({ body }) => body as DefinitionFixture[]);

/** Everything that the API answers: documents, errors, previews, groups. */
export const answers = read(
  import.meta.glob('../../fixtures/{metadata,errors,previews,user_groups}/*.json', { eager: true, import: 'default' }),
);

const documents = answers.filter(({ path }) => path.startsWith('metadata/'));

/** The document of a fixture's scope. */
export function metadataOf(scope: Scope): CriterionTypes {
  const found = documents.find(({ path }) => path === `metadata/${scope.type}.json`);
  if (!found) {
    throw new Error(`There is no metadata fixture for the scope ${scope.type}.`);
  }
  return found.body as CriterionTypes;
}
