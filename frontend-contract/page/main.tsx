/** The standalone page: the builder for one of the scopes that the server names. */
import '@openedx/paragon/dist/core.min.css';
import '@openedx/paragon/dist/light.min.css';
import '../src/builder/builder.css';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { IntlProvider } from 'react-intl';
import { textsOf, UserGroupBuilder } from '../src/builder/index.js';
import type { Scope } from '../src/types.js';
import { fetchClient } from './fetchClient.js';

/** What the template writes into the page, as JSON. */
interface Settings {
  api_root: string;
  csrf_token: string;
  locale: string;
  scopes: (Scope & { label: string })[];
  /** The scope of the address, also one that is not among those. */
  scope: Scope | null;
  texts: { title: string; scope: string; choose: string };
}

const settings = JSON.parse(document.getElementById('builder-settings')!.textContent!) as Settings;
const client = fetchClient(settings.api_root, settings.csrf_token);

const nameOf = ({ type, key }: Scope) => `${type} ${key}`;

function remember({ type, key }: Scope) {
  const address = new URLSearchParams({ scope_type: type, scope_key: key });
  globalThis.history.replaceState(null, '', `?${address.toString()}`);
}

function Page() {
  const [scope, setScope] = useState(settings.scope);
  const choose = (name: string) => {
    const chosen = settings.scopes.find((candidate) => nameOf(candidate) === name);
    if (chosen) {
      setScope({ type: chosen.type, key: chosen.key });
      remember(chosen);
    }
  };
  const isListed = scope === null || settings.scopes.some((candidate) => nameOf(candidate) === nameOf(scope));
  return (
    <main className="container-xl py-4">
      <h1>{settings.texts.title}</h1>
      <div className="form-group">
        <label htmlFor="scope">{settings.texts.scope}</label>
        <select
          id="scope"
          className="form-control"
          value={scope ? nameOf(scope) : ''}
          onChange={(event) => choose(event.target.value)}
        >
          {scope === null && <option value="">{settings.texts.choose}</option>}
          {!isListed && scope && <option value={nameOf(scope)}>{scope.key || scope.type}</option>}
          {settings.scopes.map((candidate) => (
            <option key={nameOf(candidate)} value={nameOf(candidate)}>{candidate.label}</option>
          ))}
        </select>
      </div>
      {scope && <UserGroupBuilder client={client} scope={scope} />}
    </main>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <IntlProvider locale={settings.locale} messages={textsOf(settings.locale)} defaultLocale="en">
      <Page />
    </IntlProvider>
  </StrictMode>,
);
