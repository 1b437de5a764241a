/**
 * Choices that are too many to show at once: a search, what it finds as check boxes, and what was chosen as a list.
 *
 * The choices are those of the document, or are searched for on the server at the address that the document names. What
 * was chosen stays in view whatever is searched for. Nobody has to find something in a list box of 249 countries.
 */
import { Button } from '@openedx/paragon';
import { useState } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { useChoiceLabels, useChoices } from '../../react/useCriterionTypes.js';
import { useDebounced } from '../../react/useDebounced.js';
import type { Choice, ValueField } from '../../types.js';
import { useBuilder } from '../common/context.js';
import { ErrorAlert } from '../common/ErrorAlert.js';
import { SearchInput } from '../common/SearchInput.js';
import messages from '../messages.js';
import { ChoiceSet } from './ChoiceSet.js';

const SEARCH_DELAY = 300;
/** More than that is not read; the search narrows it. */
const SHOWN = 12;

interface Props {
  id: string;
  label: string;
  field: ValueField;
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

export function ChoicePicker({ id, label, field, chosen, onChange }: Props) {
  const intl = useIntl();
  const [text, setText] = useState('');
  const search = useDebounced(text.trim(), SEARCH_DELAY);
  const { found, total, error, refetch } = useFound(field, search);
  const labelOf = useLabels(field, found, chosen);
  const shown = found?.slice(0, SHOWN);
  const canUseText = field.choices.closed === false && text.trim() !== '' && !chosen.includes(text.trim());
  const choose = (value: string) => onChange(field.multiple ? [...chosen, value] : [value]);
  return (
    <>
      <Chosen id={id} chosen={chosen} labelOf={labelOf} onRemove={(value) => onChange(chosen.filter((item) => item !== value))} />
      <SearchInput label={intl.formatMessage(messages.searchChoices, { label })} value={text} onChange={setText} />
      {error && <ErrorAlert error={error} onRetry={refetch} />}
      {shown && <ChoiceSet id={id} choices={shown} chosen={chosen} isMultiple={field.multiple} onChange={onChange} />}
      <div role="status" className="small">
        {shown?.length === 0 && <FormattedMessage {...messages.noChoices} />}
        {shown && total > shown.length && (
          <FormattedMessage {...messages.moreChoices} values={{ count: total - shown.length }} />
        )}
      </div>
      {canUseText && (
        <Button variant="outline-primary" size="sm" onClick={() => choose(text.trim())}>
          <FormattedMessage {...messages.useText} values={{ text: text.trim() }} />
        </Button>
      )}
    </>
  );
}

/** What the search finds, on the server or among the choices of the document. */
function useFound(field: ValueField, search: string) {
  const { client, scope } = useBuilder();
  const { mode, url = '', search_param: searchParam = 'search', results = [] } = field.choices;
  const isRemote = mode === 'remote';
  const remote = useChoices({ client, scope, url, search, searchParam, enabled: isRemote });
  const refetch = () => void remote.refetch();
  if (isRemote) {
    return { found: remote.data?.results, total: remote.data?.count ?? 0, error: remote.error, refetch };
  }
  const needle = search.toLocaleLowerCase();
  const found = results.filter(({ label }) => label.toLocaleLowerCase().includes(needle));
  return { found, total: found.length, error: null, refetch };
}

/** How a chosen value reads; stored ones that no search has found are asked for by value. */
function useLabels(field: ValueField, found: readonly Choice[] | undefined, chosen: readonly string[]) {
  const { client, scope } = useBuilder();
  const [stored] = useState(chosen);
  const [seen] = useState(() => new Map<string, string>());
  const { mode, url = '', resolve_param: resolveParam = 'value', results = [] } = field.choices;
  const labels = useChoiceLabels({ client, scope, url, resolveParam, values: mode === 'remote' ? stored : [] });
  [...results, ...(labels.data?.results ?? []), ...(found ?? [])].forEach(({ value, label }) => seen.set(value, label));
  return (value: string) => seen.get(value) ?? value;
}

interface ChosenProps {
  id: string;
  chosen: readonly string[];
  labelOf: (value: string) => string;
  onRemove: (value: string) => void;
}

function Chosen({ id, chosen, labelOf, onRemove }: ChosenProps) {
  const intl = useIntl();
  if (!chosen.length) {
    return <p className="small"><FormattedMessage {...messages.noneChosen} /></p>;
  }
  return (
    <>
      <p id={`${id}-chosen`} className="small mb-1"><FormattedMessage {...messages.chosen} /></p>
      <ul className="list-inline" aria-labelledby={`${id}-chosen`}>
        {chosen.map((value) => (
          <li key={value} className="list-inline-item">
            <Button
              variant="outline-primary"
              size="sm"
              aria-label={intl.formatMessage(messages.removeNamed, { name: labelOf(value) })}
              onClick={() => onRemove(value)}
            >
              {labelOf(value)} <span aria-hidden="true">×</span>
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}
