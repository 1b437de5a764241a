/** What is drawn when something is missing, wrong, late, gone, or somebody else's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { api, assertAccessible, form, newPage, open, settledCount, shot, start, stop, world } from './support.mjs';

before(start);
after(stop);

const scope = { type: 'course', key: world.course };
const NOT_PASSED = {
  combine: 'all',
  nodes: [{ kind: 'criterion', type: 'course_passed', config: { operator: 'not_exists' } }],
};

/** A group made through the API; it is archived again when the page is closed. */
async function makeGroup(page, name, rest = { rule: NOT_PASSED }) {
  const { status, body } = await api(page, 'POST', 'user_groups/', { scope, name, ...rest });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

async function close(page, ...groups) {
  assert.deepEqual(page.watched.errors, []);
  // The page may just be asking again; an answer for a page or a group that is gone is nobody's mistake.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  for (const { uuid } of groups) {
    await api(page, 'DELETE', `user_groups/${uuid}/`);
  }
  assert.deepEqual(page.watched.errors, []);
  await page.context().close();
}

/** The real answer, with something changed; an error stays as it is. */
const changed = (change) => async (route) => {
  if (route.request().method() !== 'GET') {
    await route.fallback();
    return;
  }
  const answer = await route.fetch();
  await route.fulfill({ response: answer, ...(answer.ok() ? { json: change(await answer.json()) } : {}) });
};

describe('mistakes', () => {
  test('that the server finds stand at their controls', async () => {
    const page = await newPage();
    await open(page);
    await page.getByRole('button', { name: 'New group by criteria' }).click();
    await form(page).save();
    await page.getByText('The group was not saved').waitFor();
    const name = page.getByLabel('Name', { exact: true });
    assert.equal(await name.getAttribute('aria-invalid'), 'true');
    assert.equal(await name.evaluate((element) => element === document.activeElement), true);
    await name.fill('Wrong');
    await form(page).choose(1, 'Last login');
    const days = form(page).criterion(1).getByLabel('Days ago (days)');
    await days.fill('-5');
    await page.getByText('The rule has mistakes. They are shown at their fields.').waitFor();
    assert.equal(await days.getAttribute('aria-invalid'), 'true');
    const described = await days.evaluate((element) => element.getAttribute('aria-describedby').split(' ')
      .map((id) => document.getElementById(id).textContent).join(' '));
    assert.match(described, /greater than or equal to 0/);
    await assertAccessible(page, 'mistakes at their fields');
    await shot(page, 'mistakes');
    await form(page).criterion(1).getByLabel('Condition').selectOption('between');
    await form(page).criterion(1).getByLabel('From').fill('9');
    await form(page).criterion(1).getByLabel('To').fill('3');
    await page.getByText('The start of the range must not be above its end.').waitFor();
    await form(page).save();
    await page.getByText('The group was not saved').waitFor();
    await form(page).criterion(1).getByLabel('To').fill('12');
    await settledCount(page);
    await close(page);
  });

  test('in the name are told by the server too', async () => {
    const page = await newPage();
    await open(page);
    const group = await makeGroup(page, 'Taken');
    await page.getByRole('button', { name: 'New list of learners' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Taken');
    await form(page).save();
    await page.getByText('A user group with this name already exists in this scope.').waitFor();
    assert.equal(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid'), 'true');
    await close(page, group);
  });
});

describe('another language', () => {
  test('is that of the page, of the criteria and of the mistakes', async () => {
    const page = await newPage({ locale: 'es' });
    await open(page);
    await page.getByRole('heading', { name: 'Grupos de usuarios', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Nuevo grupo por criterios' }).click();
    const criterion = page.getByRole('group', { name: /^Criterio 1\b/ });
    await criterion.getByLabel('Criterio', { exact: true }).selectOption({ label: 'Último acceso' });
    await criterion.getByLabel('Condición').selectOption({ label: 'fue hace más de (días) o después de (fecha)' });
    await criterion.getByLabel('Días transcurridos (días)').fill('-5');
    await page.getByText('La regla tiene errores. Se muestran junto a sus campos.').waitFor();
    await criterion.getByText(/mayor o igual/).waitFor();
    await criterion.getByLabel('Días transcurridos (días)').fill('10');
    await page.getByText(/estudiantes cumplen la regla, de /).waitFor();
    await assertAccessible(page, 'the form in Spanish');
    await shot(page, 'spanish');
    await close(page);
  });
});

describe('nested criteria', () => {
  test('are added, turned round, counted and removed', async () => {
    const page = await newPage();
    await open(page);
    await page.getByRole('button', { name: 'New group by criteria' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Nested');
    await form(page).choose(1, 'Course passed');
    const whole = await settledCount(page);
    await page.getByRole('button', { name: 'Add group of criteria' }).click();
    await form(page).choose('2.1', 'Course passed');
    const inner = page.getByRole('group', { name: 'Group of criteria 2' });
    await inner.getByLabel(/^Everybody else/).check();
    const { universe } = (await api(page, 'POST', 'previews/', { scope, rule: NOT_PASSED, sample_size: 0 })).body.count;
    await page.getByText('Nobody matches this rule.').waitFor();
    assert.equal(await settledCount(page), 0);
    await page.locator('[data-user-groups-count="/rule/nodes/1"]')
      .filter({ hasText: (universe - whole).toLocaleString('en') }).waitFor();
    await assertAccessible(page, 'nested criteria');
    await shot(page, 'nested');
    await form(page).save();
    await page.getByRole('alert').filter({ hasText: 'contradicts itself' }).waitFor();
    const meant = page.getByRole('checkbox', { name: /^I know that nobody can ever match/ });
    await assertAccessible(page, 'a rule that nobody can match');
    await shot(page, 'impossible');
    await page.getByRole('alert').getByRole('button', { name: 'Go to Criterion 1: Course passed' }).click();
    assert.match(await page.evaluate(() => document.activeElement.querySelector('legend').textContent), /^Criterion 1/);
    await meant.check();
    await form(page).save();
    await page.getByRole('heading', { name: 'Nested' }).waitFor();
    await page.getByText('Nobody is in this group.').waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('button', { name: 'Remove: Group of criteria 2' }).click();
    assert.equal(await settledCount(page, new RegExp(`^${whole.toLocaleString('en')} `)), whole);
    await form(page).save();
    await page.getByText(`${whole.toLocaleString('en')} members`).waitFor();
    const { body } = await api(page, 'GET', `user_groups/?${new URLSearchParams({ scope_type: 'course', scope_key: world.course, name: 'Nested' })}`);
    await close(page, ...body.results);
  });
});

describe('a rule that takes its time', () => {
  test('has an estimate that says so, until the exact number is there', async () => {
    const page = await newPage();
    await open(page);
    const job = {
      id: '00000000-0000-4000-8000-000000000001',
      state: 'running',
      as_of: '2026-01-01T00:00:00Z',
      progress: { elapsed_ms: 2_000, limit_ms: 60_000 },
      poll_after_ms: 500,
      estimate: { value: 400, exactness: 'estimate', low: 350, high: 460, universe: 9_000, sample_size: 500 },
    };
    const cancelled = [];
    await page.route('**/previews/', (route) => route.fulfill({ status: 202, json: job }));
    await page.route(`**/previews/${job.id}/`, (route) => {
      if (route.request().method() === 'DELETE') {
        cancelled.push(job.id);
        return route.fulfill({ status: 204 });
      }
      return route.fulfill({ status: 202, json: job });
    });
    await page.getByRole('button', { name: 'New group by criteria' }).click();
    await form(page).choose(1, 'Course passed');
    await page.getByText(/^About 400 learners of 9,000 match; with 95 % confidence from 350 to 460/).waitFor();
    await page.getByText('Counting: 2 s of at most 60 s.').waitFor();
    await assertAccessible(page, 'an estimate');
    await shot(page, 'estimate');
    const cancels = page.waitForRequest((request) => request.method() === 'DELETE' && request.url().endsWith(`/${job.id}/`));
    await page.getByRole('button', { name: 'All groups' }).click();
    await page.getByText(/^\d+ groups?$/).waitFor();
    await (await cancels).response();
    assert.equal(cancelled.length, 1, 'nobody looks any more');
    await close(page);
  });
});

describe('a saved group', () => {
  test('is copied, and says when a pinned learner is not where expected', async () => {
    const page = await newPage();
    await open(page);
    const group = await makeGroup(page, 'Original');
    const [{ username }] = (await api(page, 'GET', `user_groups/${group.uuid}/members/`)).body.results;
    await page.reload();
    await page.getByRole('button', { name: 'Original' }).click();
    await page.getByRole('tab', { name: 'Pinned learners' }).click();
    await page.getByLabel('User name or e-mail address').fill(username);
    await page.getByLabel('Must be').selectOption('Not in the group');
    await page.getByRole('button', { name: 'Pin a learner' }).click();
    await page.getByRole('row').filter({ hasText: username }).filter({ hasText: 'Not as expected' }).waitFor();
    await page.getByText('1 pinned learner is not where expected.').waitFor();
    await assertAccessible(page, 'pinned learners');
    await shot(page, 'pinned');
    await page.getByRole('button', { name: `Remove ${username}` }).click();
    await page.getByText('Nobody is pinned.').waitFor();
    await page.getByRole('button', { name: 'Copy' }).click();
    const dialog = page.getByRole('dialog', { name: 'Copy “Original”' });
    await dialog.getByLabel('Key of the course').fill('no course');
    await dialog.getByRole('button', { name: 'Copy' }).click();
    await dialog.locator('[data-user-groups-error]').waitFor();
    await dialog.getByLabel('Key of the course').fill(world.course);
    await dialog.getByRole('button', { name: 'Copy' }).click();
    await dialog.getByText('“Original (copy)” was made.').waitFor();
    await assertAccessible(page, 'a copy');
    await shot(page, 'copy');
    await dialog.getByRole('button', { name: 'Open the copy' }).click();
    await page.getByRole('heading', { name: 'Original (copy)' }).waitFor();
    const query = new URLSearchParams({ scope_type: 'course', scope_key: world.course, name: 'Original (copy)' });
    const { body } = await api(page, 'GET', `user_groups/?${query}`);
    await close(page, group, ...body.results);
  });

  test('waits for a word before many members leave', async () => {
    const page = await newPage();
    await open(page);
    const group = await makeGroup(page, 'Many leave');
    const [run] = (await api(page, 'GET', `user_groups/${group.uuid}/refreshes/`)).body.results;
    const held = { ...run, state: 'held', removed_count: 2, added_count: 0 };
    await page.route(`**/user_groups/${group.uuid}/`, changed((one) => ({ ...one, state: 'held' })));
    await page.route(`**/user_groups/${group.uuid}/refreshes/?state=held`, changed((list) => ({ ...list, count: 1, results: [held] })));
    await page.route(`**/refreshes/${run.uuid}/difference/*`, (route) => route.fulfill({
      json: {
        next: null,
        previous: null,
        count: 2,
        num_pages: 1,
        current_page: 1,
        start: 0,
        results: [{ username: 'ana', kind: 'removed' }, { username: null, kind: 'removed' }],
      },
    }));
    const decided = [];
    await page.route(`**/refreshes/${run.uuid}/difference/`, (route) => {
      decided.push(route.request().method());
      return route.fulfill({ status: 204 });
    });
    await page.reload();
    await page.getByRole('button', { name: 'Many leave' }).click();
    await page.getByText('A refresh waits for your decision').waitFor();
    await page.getByText(/^It would remove 2 members/).waitFor();
    await page.getByRole('button', { name: 'Who would leave' }).click();
    await page.getByRole('list', { name: 'Members who would leave' }).getByText('ana').waitFor();
    await assertAccessible(page, 'a refresh that is held');
    await shot(page, 'held');
    await page.unroute(`**/user_groups/${group.uuid}/`);
    await page.getByRole('button', { name: 'Discard it' }).click();
    await page.getByText('The refresh was discarded; the members are as before.').waitFor();
    await page.getByText('A refresh waits for your decision').waitFor({ state: 'detached' });
    assert.deepEqual(decided, ['DELETE']);
    await close(page, group);
  });
});

describe('many choices', () => {
  test('are searched for, chosen and named again', async () => {
    const page = await newPage();
    await open(page);
    await page.getByRole('button', { name: 'New group by criteria' }).click();
    await page.getByLabel('Name', { exact: true }).fill('From Spain');
    await form(page).choose(1, 'Country');
    const criterion = form(page).criterion(1);
    await criterion.getByLabel(/^Search/).fill('spa');
    await criterion.getByRole('checkbox', { name: 'Spain' }).check();
    await criterion.getByLabel(/^Search/).fill('fran');
    await criterion.getByRole('checkbox', { name: 'France', exact: true }).check();
    await settledCount(page);
    await assertAccessible(page, 'many choices');
    await shot(page, 'choices');
    await criterion.getByRole('button', { name: 'Remove: France' }).click();
    await form(page).save();
    await page.getByRole('button', { name: 'Edit' }).click();
    await form(page).criterion(1).getByRole('button', { name: 'Remove: Spain' }).waitFor();
    assert.equal(await form(page).criterion(1).getByRole('button', { name: /^Remove: (?!Criterion)/ }).count(), 1);
    const { body } = await api(page, 'GET', `user_groups/?${new URLSearchParams({ scope_type: 'course', scope_key: world.course, name: 'From Spain' })}`);
    assert.deepEqual(body.results[0].rule.nodes[0].config, { operator: 'in', countries: ['ES'] });
    await close(page, ...body.results);
  });
});

describe('a list of learners', () => {
  test('is filled by a file, whose report says what became of each row', async () => {
    const page = await newPage();
    await open(page);
    const sample = (await api(page, 'POST', 'previews/', { scope, rule: NOT_PASSED, sample_size: 4 })).body.sample.results;
    const [first, second, third, fourth] = sample.map(({ username }) => username);
    await page.getByRole('button', { name: 'New list of learners' }).click();
    await page.getByLabel('Name', { exact: true }).fill('By hand');
    await form(page).save();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Choose a file first.').waitFor();
    const buffer = Buffer.from(['username', first, second, third, first, 'nobody_by_that_name'].join('\n'));
    await page.getByLabel('CSV file').setInputFiles({ name: 'learners.csv', mimeType: 'text/csv', buffer });
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    const report = page.locator('[data-user-groups-report]');
    await report.getByText('Added: 3').waitFor();
    await report.getByText('Named before in this file: 1').waitFor();
    await report.getByRole('row').filter({ hasText: 'nobody_by_that_name' }).filter({ hasText: 'No such account' }).waitFor();
    await page.getByText('3 members').waitFor();
    await page.getByRole('rowheader', { name: first }).waitFor();
    await assertAccessible(page, 'a list of learners with the report of an import');
    await shot(page, 'import');
    await page.getByLabel('User names or e-mail addresses').fill(`${fourth} nobody_at_all`);
    await page.getByRole('button', { name: 'Add learners' }).click();
    await page.getByText(/^nobody_at_all: /).waitFor();
    await page.getByLabel('User names or e-mail addresses').fill(fourth);
    await page.getByRole('button', { name: 'Add learners' }).click();
    await page.getByText('4 members').waitFor();
    await page.getByRole('button', { name: `Remove ${first}` }).click();
    await page.getByText('3 members').waitFor();
    const { body } = await api(page, 'GET', `user_groups/?${new URLSearchParams({ scope_type: 'course', scope_key: world.course, name: 'By hand' })}`);
    await close(page, ...body.results);
  });
});

describe('a change by somebody else', () => {
  for (const [what, button, name, days] of [
    ['is loaded', 'Discard my changes and load theirs', 'Theirs', 20],
    ['is saved over', 'Keep my changes and save over theirs', 'Mine', 5],
  ]) {
    test(what, async () => {
      const page = await newPage();
      await open(page);
      const rule = (value) => ({
        combine: 'all',
        nodes: [{ kind: 'criterion', type: 'last_login', config: { operator: '>', days: value } }],
      });
      const group = await makeGroup(page, 'Ours', { rule: rule(10) });
      await page.reload();
      await page.getByRole('button', { name: 'Ours' }).click();
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Mine');
      await form(page).criterion(1).getByLabel('Days ago (days)').fill('5');
      const theirs = { name: 'Theirs', rule: rule(20), rule_version: group.rule_version };
      assert.equal((await api(page, 'PATCH', `user_groups/${group.uuid}/`, theirs)).status, 200);
      await form(page).save();
      await page.getByText('Somebody else changed this group').waitFor();
      await assertAccessible(page, 'a conflict');
      await shot(page, 'conflict');
      await page.getByRole('button', { name: button }).click();
      if (name === 'Mine') {
        await page.getByText('“Mine” was saved.').waitFor();
      } else {
        await page.getByRole('heading', { name: 'Edit “Theirs”' }).waitFor();
        assert.equal(await form(page).criterion(1).getByLabel('Days ago (days)').inputValue(), '20');
      }
      const { body } = await api(page, 'GET', `user_groups/${group.uuid}/`);
      assert.deepEqual([body.name, body.rule.nodes[0].config.days], [name, days]);
      await close(page, group);
    });
  }
});

describe('what is missing', () => {
  test('a type that is gone leaves its criterion in view', async () => {
    const page = await newPage();
    await open(page);
    const group = await makeGroup(page, 'Keeps its past');
    const gone = { operator: 'in', colours: ['red'] };
    await page.route('**/user_groups/?*', changed((list) => ({
      ...list,
      results: list.results.map((one) => ({
        ...one,
        state: 'unevaluable',
        state_reason: { code: 'criterion_type_missing', message: 'The app of this criterion type is not installed.' },
      })),
    })));
    await page.route(`**/user_groups/${group.uuid}/`, changed((one) => ({
      ...one,
      rule: { ...one.rule, nodes: [...one.rule.nodes, { kind: 'criterion', type: 'gone', config: gone }] },
    })));
    const missing = JSON.parse(readFileSync(new URL('../fixtures/metadata/course_unavailable.json', import.meta.url)));
    const unavailable = missing.criterion_types.filter(({ availability }) => availability.status === 'unavailable');
    assert.ok(unavailable.length > 0);
    await page.route('**/criterion_types/?*', changed((document) => ({
      ...document,
      criterion_types: [...document.criterion_types.filter(({ id }) => id !== unavailable[0].id), unavailable[0]],
    })));
    await page.reload();
    await page.getByText('Cannot be evaluated').first().waitFor();
    await page.getByText('The app of this criterion type is not installed.').first().waitFor();
    await assertAccessible(page, 'a group that cannot be evaluated');
    await shot(page, 'unevaluable');
    const sent = [];
    page.on('request', (request) => request.method() === 'PATCH' && sent.push(request.postDataJSON()));
    await page.getByRole('button', { name: 'Keeps its past' }).click();
    await page.getByRole('rowheader').first().waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    const criterion = form(page).criterion(2);
    await criterion.getByText('This criterion cannot be edited now.').waitFor();
    await criterion.getByText('["red"]').waitFor();
    const option = form(page).criterion(1).getByRole('option', { name: `${unavailable[0].label} (unavailable)` });
    assert.equal(await option.getAttribute('disabled'), '');
    await assertAccessible(page, 'an unavailable type');
    await shot(page, 'unavailable');
    await form(page).save();
    await page.getByText('There is no such criterion type.').waitFor();
    assert.deepEqual(sent[0].rule.nodes[1].config, gone);
    await page.getByRole('button', { name: 'Remove: Criterion 2: gone' }).click();
    await form(page).save();
    await page.getByText('“Keeps its past” was saved.').waitFor();
    await close(page, group);
  });

  test('an answer that is late, wrong or never comes', async () => {
    const page = await newPage();
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route('**/criterion_types/?*', async (route) => {
      await held;
      await route.continue();
    });
    await open(page);
    await page.getByText('Loading…').waitFor({ state: 'attached' });
    await assertAccessible(page, 'loading');
    await shot(page, 'loading');
    release();
    await page.getByText(/^\d+ groups?$/).waitFor();
    await page.getByRole('button', { name: 'New group by criteria' }).click();
    await form(page).choose(1, 'Last login');
    await form(page).criterion(1).getByLabel('Days ago (days)').fill('1');
    await settledCount(page);
    await page.context().setOffline(true);
    await form(page).criterion(1).getByLabel('Days ago (days)').fill('12');
    await page.getByText('The server cannot be reached').waitFor();
    await page.getByText('The number is not known now.').waitFor();
    await assertAccessible(page, 'offline');
    await shot(page, 'offline');
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await settledCount(page);

    const down = JSON.parse(readFileSync(new URL('../fixtures/previews/source_unavailable.json', import.meta.url)));
    const { status, response } = down;
    await page.route('**/previews/', (route) => route.fulfill({ status, json: response }));
    await form(page).criterion(1).getByLabel('Days ago (days)').fill('13');
    await page.getByText('The number is not known now.').waitFor();
    await shot(page, 'source-down');
    await page.unroute('**/previews/');

    await page.route('**/user_groups/?*', (route) => route.fulfill({ status: 500, body: 'Oh.' }));
    await page.reload();
    await page.getByText('This did not work').waitFor();
    await assertAccessible(page, 'an error');
    await shot(page, 'error');
    await page.unroute('**/user_groups/?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(/^\d+ groups?$/).waitFor();
    await close(page);
  });

  test('groups, in a course that has none', async () => {
    const page = await newPage();
    await page.route('**/user_groups/?*', changed((list) => ({ ...list, count: 0, num_pages: 1, results: [] })));
    await open(page);
    await page.getByText('There are no user groups yet').waitFor();
    await assertAccessible(page, 'no groups');
    await shot(page, 'empty');
    await close(page);
  });

  test('the present version of the contract', async () => {
    const page = await newPage();
    await page.route('**/criterion_types/?*', changed((document) => ({ ...document, contract_version: '2.0' })));
    await open(page);
    await page.getByText('This page is older than the server').waitFor();
    await assertAccessible(page, 'another contract');
    await close(page);
  });

  test('the present revision of the contract', async () => {
    const page = await newPage();
    await open(page);
    await page.getByRole('button', { name: 'New group by criteria' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Stale');
    await form(page).choose(1, 'Course passed');
    await settledCount(page);
    const stale = JSON.parse(readFileSync(new URL('../fixtures/previews/contract_stale.json', import.meta.url)));
    const { status, response } = stale;
    await page.route('**/user_groups/', (route) => route.fulfill({ status, json: response }));
    await form(page).save();
    await page.getByText('The criteria have changed since this page was loaded').waitFor();
    const loaded = page.waitForResponse('**/criterion_types/?*');
    await page.getByRole('button', { name: 'Load the criteria again' }).click();
    assert.ok((await loaded).ok());
    // What a form that was drawn anew would have lost, it would have lost by the next frame.
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Stale');
    await close(page);
  });
});
