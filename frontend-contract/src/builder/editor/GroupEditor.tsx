/** The form of a group: name, description and, for a group by criteria, its rule with the live preview. */
import { Button } from '@openedx/paragon';
import { useCallback, useEffect, useRef, useState, type FormEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { codeMessage } from '../../document.js';
import { usePreview } from '../../react/usePreview.js';
import type { MembershipSource, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ViewHeading } from '../common/ViewHeading.js';
import { ExplainDrawer } from '../explain/ExplainDrawer.js';
import { newRule, toDraft, toRule } from '../draft.js';
import messages from '../messages.js';
import { controlIdOf, Feedback, FeedbackContext, notesOf, type Note } from './feedback.js';
import { PreviewPanel } from './PreviewPanel.js';
import { RuleFields } from './RuleFields.js';
import { SaveProblem } from './SaveProblem.js';
import { PlainFields } from './PlainFields.js';
import { RuleEditorContext, useDraft } from './useRuleEditor.js';
import { useSave } from './useSave.js';

interface Props {
  /** The group that is edited; nothing for a new one. */
  group?: UserGroup;
  source: MembershipSource;
  onSaved: (group: UserGroup) => void;
  onCancel: () => void;
  /** Loads the group again, and with it this form. */
  onReload: () => void;
}

export function GroupEditor({ group, source, onSaved, onCancel, onReload }: Props) {
  const intl = useIntl();
  const { client, scope, document } = useBuilder();
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const { draft, editor } = useDraft(() => (group?.rule ? toDraft(document, group.rule) : newRule()));
  const hasRule = source === 'criteria';
  const { rule, gaps } = toRule(document, draft);
  const complete = hasRule && gaps.length === 0 ? rule : null;
  const identity = group ? { userGroup: group.uuid } : {};
  const preview = usePreview({ client, scope, rule: complete, contractRevision: document.revision, ...identity });
  const save = useSave({ group, source, onSaved });

  const form = useRef<HTMLFormElement>(null);
  const [isExplaining, setIsExplaining] = useState(false);
  const [attempts, setAttempts] = useState(0);
  const snapshot = JSON.stringify([name, description, rule]);
  const own: Note[] = attempts === 0 ? [] : [
    ...(name.trim() ? [] : [{ pointer: '/name', message: codeMessage(document, 'missing_field') ?? '' }]),
    ...(hasRule ? gaps : []).map(({ pointer, code }) => ({ pointer, message: codeMessage(document, code) ?? code })),
  ];
  const served = save.refusedSnapshot === snapshot ? notesOf(save.error?.problem?.violations) : [];
  const live = preview.error?.status === 400 ? notesOf(preview.error.problem?.violations) : [];
  const notes = withoutRepetition([...own, ...served, ...live]);
  const feedback = new Feedback(notes, preview.preview, preview.isCurrent);

  const focusFirstMistake = useCallback(() => {
    // The first error in reading order stands right after its control, or in its fieldset.
    const error = form.current?.querySelector('[data-user-groups-error]');
    const control = error?.id ? form.current?.querySelector<HTMLElement>(`[aria-describedby~="${error.id}"]`) : null;
    (control ?? error?.closest<HTMLElement>('fieldset') ?? document_(controlIdOf('/name')))?.focus();
  }, []);
  useEffect(() => {
    if (attempts > 0 || save.refusedSnapshot) {
      focusFirstMistake();
    }
  }, [attempts, save.refusedSnapshot, focusFirstMistake]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const isIncomplete = !name.trim() || (hasRule && gaps.length > 0);
    if (isIncomplete) {
      setAttempts(attempts + 1);
    } else {
      save.send({ name: name.trim(), description, rule: hasRule ? rule : null, snapshot });
    }
  };
  const heading = group ? messages.editGroup : messages[hasRule ? 'newGroup' : 'newList'];
  return (
    <FeedbackContext.Provider value={feedback}>
      <RuleEditorContext.Provider value={editor}>
        <ViewHeading><FormattedMessage {...heading} values={{ name: group?.name }} /></ViewHeading>
        <form ref={form} noValidate onSubmit={submit} aria-label={intl.formatMessage(heading, { name: group?.name })}>
          <div className="row">
            <div className={hasRule ? 'col-12 col-lg-8' : 'col-12'}>
              <PlainFields {...{ name, description }} onName={setName} onDescription={setDescription} />
              {hasRule && <RuleFields rule={draft} pointer="/rule" number="" depth={1} />}
            </div>
            {hasRule && (
              <div className="col-12 col-lg-4">
                <PreviewPanel state={preview} rule={complete} group={group} onExplain={() => setIsExplaining(true)} />
              </div>
            )}
          </div>
          <SaveProblem
            save={save}
            rule={hasRule ? rule : null}
            mistakes={notes.length}
            isRefused={attempts > 0 && own.length > 0}
            onReload={onReload}
          />
          <div className="d-flex flex-wrap user-groups-actions">
            <Button type="submit" aria-disabled={save.isPending}>
              <FormattedMessage {...(save.isPending ? messages.saving : messages.save)} />
            </Button>
            <Button variant="tertiary" onClick={onCancel}><FormattedMessage {...messages.cancel} /></Button>
          </div>
        </form>
        {/* Outside of the form, because it has one of its own. */}
        {isExplaining && complete && (
          <ExplainDrawer rule={complete} group={group} onClose={() => setIsExplaining(false)} />
        )}
      </RuleEditorContext.Provider>
    </FeedbackContext.Provider>
  );
}

/** The browser's document; inside the form, `document` is the contract's. */
const document_ = (id: string): HTMLElement | null => globalThis.document.getElementById(id);

/** The preview and a refused save tell the same mistakes. */
function withoutRepetition(notes: Note[]): Note[] {
  const seen = new Set<string>();
  return notes.filter(({ pointer, message }) => {
    const key = `${pointer} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
