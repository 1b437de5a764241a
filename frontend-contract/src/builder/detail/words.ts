/** What runs and changes are called. */
import type { Refresh } from '../../types.js';
import type messages from '../messages.js';

type Key = keyof typeof messages;

export const TRIGGERS: Record<Refresh['trigger'], Key> = {
  manual: 'triggerManual',
  schedule: 'triggerSchedule',
  event: 'triggerEvent',
  rule_change: 'triggerRuleChange',
  import: 'triggerImport',
  rerun: 'triggerRerun',
  reconcile: 'triggerReconcile',
};

export const RUN_STATES: Record<Refresh['state'], Key> = {
  queued: 'runQueued',
  running: 'runRunning',
  succeeded: 'runSucceeded',
  failed: 'runFailed',
  cancelled: 'runCancelled',
  held: 'runHeld',
  confirmed: 'runConfirmed',
  discarded: 'runDiscarded',
};
