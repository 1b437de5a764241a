/** The rule that is being edited, and what can be done to it. Keeps the focus where the reader expects it. */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { countCriteria, neighbourOf, removeNode, replaceNode, type DraftNode, type DraftRule } from '../draft.js';

export interface RuleEditor {
  criteria: number;
  change: (key: string, how: (node: DraftNode) => DraftNode) => void;
  add: (parentKey: string, node: DraftNode) => void;
  remove: (key: string) => void;
}

export const RuleEditorContext = createContext<RuleEditor | null>(null);

export function useRuleEditor(): RuleEditor {
  const editor = useContext(RuleEditorContext);
  if (!editor) {
    throw new Error('useRuleEditor needs a RuleEditorContext around it.');
  }
  return editor;
}

/** Put the focus on the first control of a node, or on the node where it has none. */
function focusNode(key: string): void {
  const node = document.getElementById(key);
  (node?.querySelector<HTMLElement>('select, input, button') ?? node)?.focus();
}

/** The state behind `RuleEditorContext`. */
export function useDraft(initial: () => DraftRule) {
  const [draft, setDraft] = useState(initial);
  const focusNext = useRef<string | null>(null);
  useEffect(() => {
    if (focusNext.current) {
      focusNode(focusNext.current);
      focusNext.current = null;
    }
  }, [draft]);
  const change = useCallback<RuleEditor['change']>((key, how) => setDraft((rule) => replaceNode(rule, key, how)), []);
  const add = useCallback<RuleEditor['add']>(
    (parentKey, node) => {
      focusNext.current = node.key;
      change(parentKey, (parent) => ({ ...parent, nodes: [...(parent as DraftRule).nodes, node] }) as DraftRule);
    },
    [change],
  );
  const remove = useCallback<RuleEditor['remove']>(
    (key) => {
      focusNext.current = neighbourOf(draft, key);
      setDraft(removeNode(draft, key));
    },
    [draft],
  );
  const editor = useMemo(() => ({ criteria: countCriteria(draft), change, add, remove }), [draft, change, add, remove]);
  return { draft, setDraft, editor };
}
