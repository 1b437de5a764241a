/** Saves the form: a new group, or the changes of one that exists. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiError } from '../../react/client.js';
import { keys } from '../../react/keys.js';
import { useCreateUserGroup, useUpdateUserGroup } from '../../react/useUserGroups.js';
import type { MembershipSource, Rule, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { isSeenLost } from './seen.js';

export interface Filled {
  name: string;
  description: string;
  rule: Rule | null;
  /** Of the preview whose learners, and nobody else, are to be the members. */
  previewToken?: string;
  /** The form as text: what the server refuses is shown as long as the form is what was sent. */
  snapshot: string;
}

interface Options {
  group: UserGroup | undefined;
  source: MembershipSource;
  onSaved: (group: UserGroup) => void;
  /** The preview that was to be saved is no longer kept. */
  onSeenLost: () => void;
}

export interface Save {
  send: (filled: Filled) => void;
  /** Send again what was refused because of another change, on top of that change. */
  overwrite: () => void;
  /** Whether the rule may be saved although nobody can ever match it; for the rule that was refused only. */
  isConfirmed: boolean;
  confirm: (isConfirmed: boolean) => void;
  error: ApiError | null;
  /** Take the error as read. */
  dismiss: () => void;
  refusedSnapshot: string | null;
  isPending: boolean;
}

export function useSave({ group, source, onSaved, onSeenLost }: Options): Save {
  const { client, scope, document } = useBuilder();
  const queryClient = useQueryClient();
  const create = useCreateUserGroup({ client });
  const update = useUpdateUserGroup({ client, uuid: group?.uuid ?? '' });
  const [sent, setSent] = useState<Filled | null>(null);
  const [confirmed, setConfirmed] = useState<string | null>(null);
  const { error, isPending, reset } = group ? update : create;
  const sentRule = JSON.stringify(sent?.rule ?? null);
  const revision = { contract_revision: document.revision };
  const then = {
    onSuccess: onSaved,
    onError: (refused: ApiError) => isSeenLost(refused) && onSeenLost(),
  };

  const send = (filled: Filled, ruleVersion = group?.rule_version) => {
    if (isPending) {
      return;
    }
    setSent(filled);
    const { name, description, rule, previewToken } = filled;
    const meant = {
      ...(rule && confirmed === JSON.stringify(rule) ? { confirm_impossible: true } : {}),
      ...(previewToken ? { preview_token: previewToken } : {}),
    };
    if (group) {
      const version = ruleVersion === undefined ? {} : { rule_version: ruleVersion };
      update.mutate({ name, description, ...(rule ? { rule, ...version, ...revision, ...meant } : {}) }, then);
    } else {
      const body = { scope, name, description, membership_source: source };
      create.mutate(rule ? { ...body, rule, ...revision, ...meant } : body, then);
    }
  };

  const overwrite = async () => {
    if (!group || !sent) {
      return;
    }
    const present = await client.send<UserGroup>({ method: 'GET', path: `user_groups/${group.uuid}/` });
    queryClient.setQueryData(keys.group(group.uuid), present);
    send(withoutIds(sent), present.rule_version);
  };

  const hasMistakes = (error?.status === 400 && !isSeenLost(error)) || error?.code === 'name_taken';
  return {
    send: (filled) => send(filled),
    overwrite: () => void overwrite(),
    isConfirmed: confirmed === sentRule,
    confirm: (isConfirmed) => setConfirmed(isConfirmed ? sentRule : null),
    error,
    dismiss: reset,
    refusedSnapshot: hasMistakes ? sent?.snapshot ?? null : null,
    isPending,
  };
}

/** Nodes of the version that was edited may be gone from the present one: all of them are sent as new. */
function withoutIds(filled: Filled): Filled {
  const json = JSON.stringify(filled.rule, (key, value: unknown) => (key === 'id' ? undefined : value));
  return { ...filled, rule: JSON.parse(json) as Rule | null };
}
