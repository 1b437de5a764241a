/** Hooks over react-query. The client that sends the requests is passed in. */
export * from './client.js';
export * from './useCriterionTypes.js';
export * from './useDebounced.js';
export * from './usePreview.js';
export * from './useUserGroups.js';
