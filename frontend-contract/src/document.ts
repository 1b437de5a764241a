/** Checks a criterion types document before anything is drawn from it. */
import type { CriterionType, CriterionTypes } from './types.js';

/** The major version of the contract that this package understands. */
export const SUPPORTED_MAJOR = 1;

/** The document is not one that this package can draw from. `code` says why. */
export class ContractError extends Error {
  readonly code: 'unsupported_version' | 'keys_converted';

  constructor(code: ContractError['code'], message: string) {
    super(message);
    this.name = 'ContractError';
    this.code = code;
  }
}

/**
 * Answer the document as it is, or throw.
 *
 * Unknown keys are fine: a newer minor version has some. Another major version is not, and neither is a document that
 * went through `camelCaseObject`, which cannot be undone for the schemas inside it.
 */
export function readCriterionTypes(document: CriterionTypes): CriterionTypes {
  if (!('contract_version' in document)) {
    throw new ContractError(
      'keys_converted',
      'The keys of this document were converted. Use camelCaseContract of this package instead of camelCaseObject.',
    );
  }
  const major = Number(document.contract_version.split('.')[0]);
  if (major !== SUPPORTED_MAJOR) {
    throw new ContractError(
      'unsupported_version',
      `This page understands version ${SUPPORTED_MAJOR} of the contract; the server speaks ${document.contract_version}.`,
    );
  }
  return document;
}

/** The type by its id. */
export function findType(document: CriterionTypes, id: string): CriterionType | undefined {
  return document.criterion_types.find((type) => type.id === id);
}

/** Whether previews on this server can do something, such as `overlap`. */
export function canPreview(document: CriterionTypes, capability: string): boolean {
  return document.capabilities.some(({ id }) => id === capability);
}

/** The message of an error code, in the document's language. */
export function codeMessage(document: CriterionTypes, code: string): string | undefined {
  return document.error_codes.find((error) => error.id === code)?.message;
}
