/** A copy of the group under another name, here or in another scope; and what of its rule does not exist there. */
import { ActionRow, Button, ModalDialog } from '@openedx/paragon';
import { useState, type FormEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useCopyUserGroup } from '../../react/useUserGroups.js';
import type { Copy, UserGroup } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { beyondFields, mistakesAt } from '../common/mistakes.js';
import { TextInput } from '../common/TextInput.js';
import { useNodeName } from '../common/useNodeName.js';
import messages from '../messages.js';

interface Props {
  group: UserGroup;
  onClose: () => void;
  onOpen: (copy: UserGroup) => void;
}

export function CopyDialog({ group, onClose, onOpen }: Props) {
  const intl = useIntl();
  const { client, scope } = useBuilder();
  const copy = useCopyUserGroup({ client, uuid: group.uuid });
  const [name, setName] = useState(() => intl.formatMessage(messages.copyName, { name: group.name }));
  const [key, setKey] = useState(scope.key);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!copy.isPending) {
      copy.mutate({ scope: { type: scope.type, key: key.trim() }, name: name.trim() });
    }
  };
  const title = intl.formatMessage(messages.copyTitle, { name: group.name });
  const asksScope = scope.type !== 'instance';
  const isForbidden = asksScope && copy.error?.status === 403;
  const drawn = asksScope ? ['/name', '/scope'] : ['/name'];
  const beyond = isForbidden ? null : beyondFields(copy.error, drawn);
  const wrongScope = isForbidden ? [intl.formatMessage(messages.copyForbidden)] : mistakesAt(copy.error, '/scope');
  const made = copy.data?.user_group;
  const isHere = made?.scope.key === scope.key;
  return (
    <ModalDialog isOpen title={title} onClose={onClose} isOverflowVisible={false}>
      <ModalDialog.Header><ModalDialog.Title>{title}</ModalDialog.Title></ModalDialog.Header>
      <ModalDialog.Body>
        <div role="status">{copy.data && <Copied copy={copy.data} group={group} />}</div>
        {!made && (
          <form id="user-groups-copy" noValidate onSubmit={submit}>
            <TextInput
              id="user-groups-copy-name"
              label={intl.formatMessage(messages.name)}
              value={name}
              maxLength={255}
              isRequired
              errors={mistakesAt(copy.error, '/name')}
              onChange={setName}
            />
            {asksScope && (
              <TextInput
                id="user-groups-copy-scope"
                label={intl.formatMessage(messages[scope.type === 'course' ? 'copyCourse' : 'copyOrganization'])}
                value={key}
                isRequired
                errors={wrongScope}
                onChange={setKey}
              />
            )}
            {beyond && <ErrorAlert error={beyond} />}
          </form>
        )}
      </ModalDialog.Body>
      <ModalDialog.Footer>
        <ActionRow>
          <Button variant="tertiary" onClick={onClose}><FormattedMessage {...messages[made ? 'close' : 'cancel']} /></Button>
          {!made && <Button type="submit" form="user-groups-copy"><FormattedMessage {...messages.copy} /></Button>}
          {made && isHere && <Button onClick={() => onOpen(made)}><FormattedMessage {...messages.openCopy} /></Button>}
        </ActionRow>
      </ModalDialog.Footer>
    </ModalDialog>
  );
}

function Copied({ copy: { user_group: made, unresolved }, group }: { copy: Copy; group: UserGroup }) {
  const nameOf = useNodeName(made.rule ?? group.rule);
  return (
    <>
      <p><FormattedMessage {...messages.copied} values={{ name: made.name }} /></p>
      {unresolved.length > 0 && (
        <>
          <p><FormattedMessage {...messages.unresolved} /></p>
          <ul>
            {unresolved.map(({ pointer, field, value, label }) => (
              <li key={`${pointer} ${field} ${value}`}>
                {nameOf(pointer)}: {label || value}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
