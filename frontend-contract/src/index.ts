/** The contract without any framework: types, checks and conversions. */
export type { components, operations, paths } from './generated/api.gen.js';
export * from './types.js';
export * from './document.js';
export * from './normalise.js';
export * from './violations.js';
