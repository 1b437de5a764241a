/** Why the form was not saved, and the way out. Nothing while there is no problem. */
import { Alert, Button } from '@openedx/paragon';
import { useQueryClient } from '@tanstack/react-query';
import { FormattedMessage } from 'react-intl';
import { keys } from '../../react/keys.js';
import type { Rule } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { mistakesAt } from '../common/mistakes.js';
import messages from '../messages.js';
import { ImpossibleRule } from './ImpossibleRule.js';
import { MovedLearners } from './MovedLearners.js';
import { isSeenLost, movedIn } from './seen.js';
import type { Save } from './useSave.js';

interface Props {
  save: Save;
  rule: Rule | null;
  /** How many messages stand at fields. */
  mistakes: number;
  /** Whether the form itself refused, before anything was sent. */
  isRefused: boolean;
  onReload: () => void;
  /** Saves whoever matches now, where others were seen. */
  onSaveAnyway: () => void;
  /** Asks for the preview anew. */
  onLookAgain: () => void;
}

export function SaveProblem({ save, rule, mistakes, isRefused, onReload, onSaveAnyway, onLookAgain }: Props) {
  const queryClient = useQueryClient();
  const { scope } = useBuilder();
  const { error } = save;
  const moved = movedIn(error);
  if (moved) {
    return <MovedLearners moved={moved} onSaveAnyway={onSaveAnyway} onLookAgain={onLookAgain} />;
  }
  if (error?.code === 'rule_version_conflict') {
    return (
      <Alert variant="warning">
        <Alert.Heading as="p"><FormattedMessage {...messages.conflictTitle} /></Alert.Heading>
        <p>{error.message}</p>
        <div className="d-flex flex-wrap user-groups-actions">
          <Button size="sm" onClick={onReload}><FormattedMessage {...messages.conflictReload} /></Button>
          <Button size="sm" variant="outline-primary" onClick={save.overwrite}>
            <FormattedMessage {...messages.conflictKeep} />
          </Button>
        </div>
      </Alert>
    );
  }
  if (error?.code === 'contract_stale') {
    return (
      <Alert variant="warning">
        <Alert.Heading as="p"><FormattedMessage {...messages.contractStaleTitle} /></Alert.Heading>
        <Button size="sm" onClick={() => void queryClient.invalidateQueries({ queryKey: keys.types(scope) })}>
          <FormattedMessage {...messages.contractReload} />
        </Button>
      </Alert>
    );
  }
  if (error?.code === 'impossible_rule' && !isRefused) {
    return <ImpossibleRule error={error} rule={rule} isConfirmed={save.isConfirmed} onConfirm={save.confirm} />;
  }
  if (error && isSeenLost(error)) {
    return (
      <Alert variant="warning">
        <Alert.Heading as="p"><FormattedMessage {...messages.invalidTitle} /></Alert.Heading>
        <p>{mistakesAt(error, '/preview_token')[0] ?? error.message}</p>
        <p className="mb-0"><FormattedMessage {...messages.seenLost} /></p>
      </Alert>
    );
  }
  if (isRefused || error?.status === 400 || error?.code === 'name_taken') {
    return (
      <Alert variant="danger">
        <Alert.Heading as="p"><FormattedMessage {...messages.invalidTitle} /></Alert.Heading>
        <p className="mb-0">
          {mistakes > 0 ? <FormattedMessage {...messages.unsaved} values={{ count: mistakes }} /> : error?.message}
        </p>
      </Alert>
    );
  }
  return error && <ErrorAlert error={error} />;
}
