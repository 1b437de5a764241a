/** The server will not save a rule that nobody can ever match, unless somebody says that it is meant. */
import { Alert, Form } from '@openedx/paragon';
import type { ChangeEvent } from 'react';
import { FormattedMessage } from 'react-intl';
import type { ApiError } from '../../react/client.js';
import type { Rule } from '../../types.js';
import { NodeLink } from '../common/NodeLink.js';
import { useNodeName } from '../common/useNodeName.js';
import messages from '../messages.js';

interface Props {
  error: ApiError;
  rule: Rule | null;
  isConfirmed: boolean;
  onConfirm: (isConfirmed: boolean) => void;
}

export function ImpossibleRule({ error, rule, isConfirmed, onConfirm }: Props) {
  const nameOf = useNodeName(rule);
  return (
    <Alert variant="warning">
      <Alert.Heading as="p"><FormattedMessage {...messages.invalidTitle} /></Alert.Heading>
      <p>{error.message}</p>
      {(error.problem?.violations ?? []).map(({ pointer }) => <NodeLink key={pointer} pointer={pointer} name={nameOf(pointer)} />)}
      <Form.Checkbox
        id="user-groups-confirm-impossible"
        checked={isConfirmed}
        onChange={(event: ChangeEvent<HTMLInputElement>) => onConfirm(event.target.checked)}
      >
        <FormattedMessage {...messages.confirmImpossible} />
      </Form.Checkbox>
    </Alert>
  );
}
