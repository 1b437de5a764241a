import { describe, expect, it } from 'vitest';
import { camelCaseContract, codeMessage, ContractError, findType, readCriterionTypes } from '../src/index.js';
import type { CriterionTypes } from '../src/index.js';
import { document } from './support/document.js';

describe('readCriterionTypes', () => {
  it('takes the document and newer minor versions with keys that nobody knows yet', () => {
    expect(readCriterionTypes(document)).toBe(document);
    const newer = { ...document, contract_version: '1.7', surprise: true };
    expect(readCriterionTypes(newer)).toBe(newer);
  });

  it.each(['2.0', '0.9', ''])('refuses version "%s"', (version) => {
    const read = () => readCriterionTypes({ ...document, contract_version: version });
    expect(read).toThrow(expect.objectContaining({ name: 'ContractError', code: 'unsupported_version' }));
  });

  it('refuses a document whose keys were converted', () => {
    const converted = camelCaseContract(document) as unknown as CriterionTypes;
    expect(() => readCriterionTypes(converted)).toThrow(ContractError);
    expect(() => readCriterionTypes(converted)).toThrow(expect.objectContaining({ code: 'keys_converted' }));
  });
});

it('finds types and messages', () => {
  expect(findType(document, 'paint')?.label).toBe('Type paint');
  expect(findType(document, 'nothing')).toBeUndefined();
  expect(codeMessage(document, 'empty_list')).toBe('Choose at least one.');
});
