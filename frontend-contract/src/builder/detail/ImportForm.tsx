/** A CSV file of learners, and what became of each of its rows. */
import { Button } from '@openedx/paragon';
import { useState, type FormEvent } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useImportMembers } from '../../react/useUserGroups.js';
import type { ImportMode, ImportOutcome, ImportReport } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { describedBy, Messages } from '../common/Messages.js';
import messages from '../messages.js';
import { SelectControl } from '../values/SelectControl.js';

const MODES: [ImportMode, keyof typeof messages][] = [
  ['add', 'modeAdd'],
  ['replace', 'modeReplace'],
  ['remove', 'modeRemove'],
];

const OUTCOMES: Record<ImportOutcome, keyof typeof messages> = {
  added: 'outcomeAdded',
  already_member: 'outcomeAlreadyMember',
  removed: 'outcomeRemoved',
  not_a_member: 'outcomeNotAMember',
  not_found: 'outcomeNotFound',
  not_in_scope: 'outcomeNotInScope',
  invalid: 'outcomeInvalid',
  duplicate: 'outcomeDuplicate',
};

/** Outcomes of rows that did not do what the file meant them to do. */
const PROBLEMS: ImportOutcome[] = ['not_found', 'not_in_scope', 'invalid', 'not_a_member'];

const ID = 'user-groups-import-file';

export function ImportForm({ uuid }: { uuid: string }) {
  const intl = useIntl();
  const { client } = useBuilder();
  const upload = useImportMembers({ client, uuid });
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<ImportMode>('add');
  const [isRefused, setIsRefused] = useState(false);
  const violations = upload.error?.problem?.violations ?? [];
  const errors = [
    ...(isRefused && !file ? [intl.formatMessage(messages.chooseFile)] : []),
    ...violations.map(({ message }) => message),
  ];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsRefused(!file);
    if (file && !upload.isPending) {
      upload.mutate({ file, mode });
    }
  };
  return (
    <form noValidate onSubmit={submit} className="pt-3 mb-4">
      <fieldset>
        <legend className="h4"><FormattedMessage {...messages.importMembers} /></legend>
        <div className="form-group">
          <label htmlFor={ID} className="pgn__form-label"><FormattedMessage {...messages.file} /></label>
          <input
            id={ID}
            type="file"
            accept=".csv,text/csv"
            className="form-control-file"
            aria-invalid={errors.length > 0}
            aria-describedby={describedBy(`${ID}-help`, errors.length > 0 && `${ID}-errors`)}
            onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          />
          <div id={`${ID}-help`} className="pgn__form-text small"><FormattedMessage {...messages.fileHelp} /></div>
          <Messages id={`${ID}-errors`} texts={errors} />
        </div>
        <SelectControl
          id="user-groups-import-mode"
          label={intl.formatMessage(messages.importMode)}
          value={mode}
          onChange={(value) => setMode(value as ImportMode)}
        >
          {MODES.map(([value, label]) => <option key={value} value={value}>{intl.formatMessage(messages[label])}</option>)}
        </SelectControl>
        {upload.error && !violations.length && <ErrorAlert error={upload.error} />}
        <Button type="submit" variant="outline-primary"><FormattedMessage {...messages.importButton} /></Button>
      </fieldset>
      <div role="status">{upload.data && !upload.isPending && <Report report={upload.data} />}</div>
    </form>
  );
}

function Report({ report }: { report: ImportReport }) {
  return (
    <div className="mt-3" data-user-groups-report>
      <h3><FormattedMessage {...messages.importReport} /></h3>
      <p>
        <FormattedMessage {...messages.importTotal} values={{ total: report.total, removed: report.removed_count }} />
      </p>
      <ul>
        {report.counts.filter(({ count }) => count > 0).map(({ outcome, count }) => (
          <li key={outcome}><FormattedMessage {...messages[OUTCOMES[outcome]]} />: {count}</li>
        ))}
      </ul>
      <Problems rows={report.rows.filter(({ outcome }) => PROBLEMS.includes(outcome))} />
    </div>
  );
}

function Problems({ rows }: { rows: ImportReport['rows'] }) {
  if (!rows.length) {
    return null;
  }
  return (
    <table className="table">
      <caption><FormattedMessage {...messages.importProblems} /></caption>
      <thead>
        <tr>
          <th scope="col"><FormattedMessage {...messages.line} /></th>
          <th scope="col"><FormattedMessage {...messages.value} /></th>
          <th scope="col"><FormattedMessage {...messages.outcome} /></th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ line, value, outcome }) => (
          <tr key={line}>
            <td>{line}</td>
            <td>{value}</td>
            <td><FormattedMessage {...messages[OUTCOMES[outcome]]} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
