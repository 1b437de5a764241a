/** Why a learner is in or out: asked for one learner at a time, beside the form or the group. */
import { Button, ModalDialog } from '@openedx/paragon';
import { useState, type FormEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useExplanation } from '../../react/useExplanation.js';
import type { ExplanationRequest, Rule, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { beyondFields, mistakesAt } from '../common/mistakes.js';
import { TextInput } from '../common/TextInput.js';
import messages from '../messages.js';
import { Explained } from './Explained.js';

interface Props {
  /** The rule as it stands in the form; the saved one of the group where it is left out. */
  rule?: Rule;
  group: UserGroup | undefined;
  /** Another instant than now, as ISO 8601. */
  asOf?: string | undefined;
  onClose: () => void;
}

export function ExplainDrawer({ rule, group, asOf, onClose }: Props) {
  const intl = useIntl();
  const { client, scope, document } = useBuilder();
  const explanation = useExplanation({ client });
  const [learner, setLearner] = useState('');
  const title = intl.formatMessage(messages.explain);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body: ExplanationRequest = {
      scope,
      learner: learner.trim(),
      ...(rule ? { rule, contract_revision: document.revision } : {}),
      ...(group ? { user_group: group.uuid } : {}),
      ...(asOf ? { as_of: asOf } : {}),
    };
    if (!explanation.isPending) {
      explanation.mutate(body);
    }
  };
  const { data, error, isPending } = explanation;
  const beyond = beyondFields(error, ['/learner']);
  return (
    <ModalDialog isOpen title={title} onClose={onClose} isOverflowVisible={false} className="user-groups-drawer">
      <ModalDialog.Header><ModalDialog.Title>{title}</ModalDialog.Title></ModalDialog.Header>
      <ModalDialog.Body>
        <form noValidate onSubmit={submit} className="mb-3">
          <TextInput
            id="user-groups-explain-learner"
            label={intl.formatMessage(messages.learner)}
            value={learner}
            errors={mistakesAt(error, '/learner')}
            isRequired
            onChange={setLearner}
          />
          <Button type="submit" aria-disabled={isPending}><FormattedMessage {...messages.explainButton} /></Button>
        </form>
        <div role="status">{data && !isPending && <p className="h5">{data.sentence}</p>}</div>
        {beyond && <ErrorAlert error={beyond} />}
        {data && !isPending && <Explained explanation={data} rule={rule ?? group?.rule ?? null} />}
      </ModalDialog.Body>
    </ModalDialog>
  );
}
