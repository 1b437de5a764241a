/** What is previewed: the rule as it stands in the form, for which group, and for which instant. */
import type { PreviewOptions } from '../../react/usePreview.js';
import type { Rule, UserGroup } from '../../types.js';
import type { Builder } from '../common/context.js';

export interface Question {
  /** Null while the rule is not complete. */
  rule: Rule | null;
  /** The group that is edited; nothing for a new one. */
  group: UserGroup | undefined;
  /** Another instant than now, as ISO 8601. */
  asOf: string | undefined;
}

/** The question as `usePreview` takes it. */
export function questionOf({ client, scope, document }: Builder, { rule, group, asOf }: Question): PreviewOptions {
  return {
    client,
    scope,
    rule,
    contractRevision: document.revision,
    ...(group ? { userGroup: group.uuid } : {}),
    ...(asOf ? { asOf } : {}),
  };
}
