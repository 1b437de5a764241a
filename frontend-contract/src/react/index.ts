/** Hooks over react-query. The client that sends the requests is passed in. */
export * from './client.js';
export type { BusyPreview, InterimPreview } from './previewJob.js';
export * from './useCriterionTypes.js';
export * from './useDebounced.js';
export * from './useExplanation.js';
export * from './usePreview.js';
export * from './useUserGroups.js';
