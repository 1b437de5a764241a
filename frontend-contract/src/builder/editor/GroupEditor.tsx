/** The form of a group: name, description and, for a group by criteria, its rule with the live preview. */
import { Button } from '@openedx/paragon';
import { useCallback, useEffect, useRef, useState, type FormEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { canPreview, codeMessage } from '../../document.js';
import { usePreview } from '../../react/usePreview.js';
import type { MembershipSource, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ViewHeading } from '../common/ViewHeading.js';
import { ExplainDrawer } from '../explain/ExplainDrawer.js';
import { newRule, toDraft, toRule } from '../draft.js';
import messages from '../messages.js';
import { controlIdOf, Feedback, FeedbackContext, notesOf, type Note } from './feedback.js';
import { focusPreview, PreviewPanel } from './PreviewPanel.js';
import { questionOf } from './question.js';
import { RuleFields } from './RuleFields.js';
import { EXACTLY_STATUS, SaveExactly } from './SaveExactly.js';
import { SaveProblem } from './SaveProblem.js';
import { seenIn, type Seen } from './seen.js';
import { PlainFields } from './PlainFields.js';
import { useAsOf } from './useAsOf.js';
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
  const builder = useBuilder();
  const { document } = builder;
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const { draft, editor } = useDraft(() => (group?.rule ? toDraft(document, group.rule) : newRule()));
  const hasRule = source === 'criteria';
  const { rule, gaps } = toRule(document, draft);
  const complete = hasRule && gaps.length === 0 ? rule : null;
  const asOf = useAsOf();
  const question = { rule: complete, group, asOf: asOf.instant };
  const [isExact, setIsExact] = useState(false);
  // A token concerns now, as saving does.
  const preview = usePreview({ ...questionOf(builder, question), token: isExact && !asOf.instant });
  const seen = isExact && complete ? seenIn(preview, asOf.instant) : null;
  const save = useSave({ group, source, onSaved, onSeenLost: preview.retry });

  const form = useRef<HTMLFormElement>(null);
  const [isExplaining, setIsExplaining] = useState(false);
  const [attempts, setAttempts] = useState(0);
  const snapshot = JSON.stringify([name, description, rule]);
  const own: Note[] = attempts === 0 ? [] : [
    ...(name.trim() ? [] : [{ pointer: '/name', message: codeMessage(document, 'missing_field') ?? '' }]),
    ...(hasRule ? gaps : []).map(({ pointer, code }) => ({ pointer, message: codeMessage(document, code) ?? code })),
  ];
  const served = save.refusedSnapshot === snapshot ? notesOf(save.error?.problem?.violations) : [];
  const live = preview.error?.status === 400 ? notesOf(preview.error.problem?.violations).filter(isOfForm) : [];
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

  const send = (wanted: Seen | null) => {
    const isIncomplete = !name.trim() || (hasRule && gaps.length > 0);
    if (isIncomplete) {
      setAttempts(attempts + 1);
    } else if (!wanted || 'token' in wanted) {
      const token = wanted ? { previewToken: wanted.token } : {};
      save.send({ name: name.trim(), description, rule: hasRule ? rule : null, snapshot, ...token });
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(seen);
  };
  const lookAgain = () => {
    save.dismiss();
    preview.retry();
    focusPreview();
  };
  const hasToWait = seen !== null && 'problem' in seen;
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
                <PreviewPanel state={preview} question={question} asOf={asOf} onExplain={() => setIsExplaining(true)} />
              </div>
            )}
          </div>
          <SaveProblem
            save={save}
            rule={hasRule ? rule : null}
            mistakes={notes.length}
            isRefused={attempts > 0 && own.length > 0}
            onReload={onReload}
            onSaveAnyway={() => send(null)}
            onLookAgain={lookAgain}
          />
          {hasRule && canPreview(document, 'token') && <SaveExactly isWanted={isExact} onChange={setIsExact} seen={seen} />}
          <div className="d-flex flex-wrap user-groups-actions">
            <Button
              type="submit"
              aria-disabled={save.isPending || hasToWait}
              aria-describedby={hasToWait ? EXACTLY_STATUS : undefined}
            >
              <FormattedMessage {...(save.isPending ? messages.saving : messages.save)} />
            </Button>
            <Button variant="tertiary" onClick={onCancel}><FormattedMessage {...messages.cancel} /></Button>
          </div>
        </form>
        {/* Outside of the form, because it has one of its own. */}
        {isExplaining && complete && (
          <ExplainDrawer rule={complete} group={group} asOf={asOf.instant} onClose={() => setIsExplaining(false)} />
        )}
      </RuleEditorContext.Provider>
    </FeedbackContext.Provider>
  );
}

/** The browser's document; inside the form, `document` is the contract's. */
const document_ = (id: string): HTMLElement | null => globalThis.document.getElementById(id);

/** The instant of the preview is no part of what is saved. */
const isOfForm = ({ pointer }: Note): boolean => pointer !== '/as_of';

/** The preview and a refused save tell the same mistakes. */
function withoutRepetition(notes: Note[]): Note[] {
  const seen = new Set<string>();
  return notes.filter(({ pointer, message }) => {
    const key = `${pointer} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
