/** Renderers that know nothing of this project draw every type of the served document, and the server takes the result. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'vite';
import react from '@vitejs/plugin-react';
import { api, assertAccessible, newPage, open, start, stop, world } from './support.mjs';

const scope = { type: 'course', key: world.course };
const query = new URLSearchParams({ scope_type: 'course', scope_key: world.course });
const built = mkdtempSync(join(tmpdir(), 'harness-'));

before(async () => {
  await build({
    configFile: false,
    logLevel: 'error',
    plugins: [react()],
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { outDir: built, minify: false, lib: { entry: 'harness/main.tsx', formats: ['es'], fileName: 'harness' } },
  });
  await start();
});

after(async () => {
  await stop();
  rmSync(built, { recursive: true });
});

/** An empty page of the same site with the harness in it. */
async function openHarness() {
  const page = await newPage();
  await page.route('**/harness/*', (route) => (route.request().url().endsWith('.js')
    ? route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(built, 'harness.js')) })
    : route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><html lang="en"><title>Harness</title><div id="root"></div><script type="module" src="harness.js"></script></html>',
    })));
  await open(page, { path: '/harness/' });
  await page.waitForFunction(() => globalThis.harness);
  const { body } = await api(page, 'GET', `criterion_types/?${query}`);
  return { page, contract: body };
}

/** Something that can be typed into a field, by nothing but its metadata. */
async function exampleOf(page, field, isUpper = false) {
  const searched = field.choices.mode === 'remote' ? await once(field.choices.url, () => searchedFor(page, field)) : undefined;
  if (searched !== undefined || field.choices.closed) {
    return searched;
  }
  switch (field.value_type) {
    case 'integer':
    case 'decimal':
    case 'percent':
      return String((field.minimum ?? 0) + (isUpper ? 2 : 1));
    case 'date':
      return isUpper ? '2026-02-01' : '2026-01-01';
    case 'user_list':
      return once('a learner', () => someLearner(page));
    case 'usage_key':
      return `${world.course.replace('course-v1', 'block-v1')}+type@vertical+block@unit`;
    default:
      return 'example.org';
  }
}

const asked = new Map();

/** What `ask` answers. It is asked once for each key: the answer does not change while the tests run. */
function once(key, ask) {
  if (!asked.has(key)) {
    asked.set(key, ask());
  }
  return asked.get(key);
}

async function someLearner(page) {
  return (await api(page, 'POST', 'previews/', { scope, rule: ANYBODY, sample_size: 1 })).body.sample.results[0].username;
}

/** The types to draw: on a site of real data, those with choices, in which alone one site differs from another. */
const drawn = (contract) => contract.criterion_types.filter(({ fields }) =>
  !world.isReal || fields.some(({ choices }) => choices.mode !== 'none'));

/** Fails unless the server can preview a rule of this one criterion. */
async function assertAccepted(page, rule) {
  const { status, body } = await api(page, 'POST', 'previews/', { scope, rule, sample_size: 0 });
  assert.equal(status, 200, `${JSON.stringify(rule.nodes)}: ${JSON.stringify(body.violations ?? body)}`);
}

/** The first of the choices that the server finds, if this course has any: by search, and again by its value. */
async function searchedFor(page, { choices }) {
  const ask = async (name, text) => {
    const path = `${choices.url}?${query}&${new URLSearchParams({ [name]: text })}`;
    const { status, body } = await api(page, 'GET', path);
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
    return body;
  };
  const [first] = (await ask(choices.search_param, '')).results;
  if (!first) {
    return undefined;
  }
  const found = await ask(choices.search_param, first.label);
  assert.ok(found.results.length <= choices.page_size);
  assert.ok(found.count >= 1 && found.results.some(({ label }) => label === first.label), `search: ${first.label}`);
  assert.deepEqual((await ask(choices.resolve_param, first.value)).results, [first]);
  return first.value;
}

const ANYBODY = {
  combine: 'any',
  nodes: [
    { kind: 'criterion', type: 'course_passed', config: { operator: 'exists' } },
    { kind: 'criterion', type: 'course_passed', config: { operator: 'not_exists' } },
  ],
};

/** Fill in one field of the form. False where there is nothing to choose from in this course. */
async function fill(page, field, operator) {
  const id = `root_${field.name}`;
  if (operator.arity === 'two' && operator.fields.includes(field.name)) {
    await page.locator(`[id="${id}_from"]`).fill(await exampleOf(page, field));
    await page.locator(`[id="${id}_to"]`).fill(await exampleOf(page, field, true));
    return true;
  }
  if (field.choices.mode === 'inline') {
    if (field.multiple) {
      await page.locator(`[id="${id}-0"]`).check();
    }
    return field.choices.results.length > 0;
  }
  const value = await exampleOf(page, field);
  if (value === undefined) {
    return false;
  }
  // A list that may not be empty is drawn with its first item.
  await page.locator(`[id="${field.multiple ? `${id}_0` : id}"]`).fill(value);
  return true;
}

const submit = (page) => page.getByRole('button', { name: 'Submit' }).click();

test('RJSF draws every type; what is filled in is accepted, what is wrong is told at its field', async () => {
  const { page, contract } = await openHarness();
  const seen = { types: 0, accepted: 0, refused: 0, withoutChoices: [] };
  /** The types whose form was submitted with nothing in it: each says so at its field. */
  const refusedEmpty = new Set();
  for (const type of drawn(contract)) {
    seen.types += 1;
    const accepted = [];
    for (const operator of type.operators) {
      const what = `${type.id} ${operator.id}`;
      await page.evaluate((drawn) => globalThis.harness.form(drawn), type);
      await page.getByLabel('Condition', { exact: true }).selectOption({ label: operator.label });
      const names = [...operator.requires, ...operator.fields.slice(0, 1)];
      const fields = names.map((name) => type.fields.find((field) => field.name === name));
      const missing = fields.filter(({ value_type: kind, choices }) => kind !== 'boolean' && choices.mode !== 'inline');
      if (names.length && !refusedEmpty.has(type.id)) {
        await submit(page);
        assert.equal(await page.evaluate(() => globalThis.harness.submitted()), null, `${what} without a value`);
        const places = names.map((name) => `[id^="root_${name}"][id$="__error"]`).join(', ');
        await page.locator(places).first().waitFor();
        refusedEmpty.add(type.id);
      }
      let isComplete = true;
      for (const field of fields) {
        isComplete = (await fill(page, field, operator)) && isComplete;
      }
      if (!isComplete) {
        seen.withoutChoices.push(what);
        continue;
      }
      await submit(page);
      const config = await page.evaluate(() => globalThis.harness.submitted());
      assert.ok(config, `${what}: RJSF refuses ${await page.locator('form').innerText()}`);
      assert.equal(config.operator, operator.id);
      const rule = { combine: 'all', nodes: [{ kind: 'criterion', type: type.id, config }] };
      accepted.push(assertAccepted(page, rule));
      seen.accepted += 1;

      const number = missing.find((field) => field.minimum !== null && operator.arity !== 'two' && !field.multiple);
      if (number) {
        const input = page.locator(`[id="root_${number.name}"]`);
        await input.fill(String(number.minimum - 1));
        await submit(page);
        await page.locator(`[id="root_${number.name}__error"]`).filter({ hasText: `>= ${number.minimum}` }).waitFor();
        assert.equal(await page.evaluate(() => globalThis.harness.submitted()), null);
        seen.refused += 1;
      }
    }
    await Promise.all(accepted);
    if (type.operators.length && !world.isReal) {
      await assertAccessible(page, `RJSF: ${type.id}`);
    }
  }
  console.log(JSON.stringify(seen));
  const withFields = drawn(contract).filter(({ fields }) => fields.length).map(({ id }) => id);
  assert.deepEqual([...refusedEmpty], withFields);
  const least = world.isReal ? { types: 13, accepted: 40, refused: 5 } : { types: 24, accepted: 110, refused: 40 };
  Object.entries(least).forEach(([what, count]) => assert.ok(seen[what] >= count, `${what}: ${JSON.stringify(seen)}`));
  assert.ok(world.isReal || seen.withoutChoices.length === 0, JSON.stringify(seen));
  assert.deepEqual(page.watched.errors, []);
  await page.context().close();
});

test('RJSF shows what only the server can know at its field', async () => {
  const { page, contract } = await openHarness();
  const type = contract.criterion_types.find(({ fields }) => fields.some(({ value_type: kind }) => kind === 'user_list'));
  const [field] = type.fields;
  await page.evaluate((drawn) => globalThis.harness.form(drawn), type);
  await page.locator(`[id="root_${field.name}_0"]`).fill('nobody_by_that_name');
  await submit(page);
  const config = await page.evaluate(() => globalThis.harness.submitted());
  const rule = { combine: 'all', nodes: [{ kind: 'criterion', type: type.id, config }] };
  const { status, body } = await api(page, 'POST', 'previews/', { scope, rule });
  assert.equal(status, 400);
  await page.evaluate(([drawn, violations]) => globalThis.harness.form(drawn, violations, false), [type, body.violations]);
  await page.locator(`[id^="root_${field.name}"][id$="__error"]`).filter({ hasText: body.violations[0].message }).waitFor();
  await page.context().close();
});

test('react-querybuilder edits every type with plain values', async () => {
  const { page, contract } = await openHarness();
  const isPlain = (type) => type.operators.length > 0 && type.operators.every((operator) =>
    (operator.fields.length === 1 || operator.arity === 'none') && !operator.requires.length && !operator.options.length);
  const plain = drawn(contract).filter(isPlain);
  assert.ok(plain.length >= 8, String(plain.map(({ id }) => id)));
  const accepted = [];
  for (const type of plain) {
    const start_ = { combine: 'all', nodes: [{ kind: 'criterion', type: type.id, config: { operator: type.default_operator } }] };
    await page.evaluate(([document_, rule]) => globalThis.harness.query(document_, rule), [contract, start_]);
    for (const operator of type.operators) {
      await page.locator('select.rule-operators').selectOption(operator.id);
      const field = type.fields.find(({ name }) => name === operator.fields[0]);
      const values = field && !field.choices.results && [await exampleOf(page, field), await exampleOf(page, field, true)];
      if (field?.choices.results) {
        const editor = page.locator('select.rule-value');
        await editor.selectOption(field.choices.results[0].value);
      } else if (field && operator.arity === 'two') {
        await page.locator('.rule-value input').nth(0).fill(values[0]);
        await page.locator('.rule-value input').nth(1).fill(values[1]);
      } else if (field && !field.multiple) {
        await page.locator('input.rule-value').fill(values[0]);
      } else if (field) {
        await page.locator('input.rule-value').fill(values[0] ?? '');
        if (values[0] === undefined) {
          continue;
        }
      }
      const rule = await page.evaluate((document_) => globalThis.harness.rule(document_), contract);
      accepted.push(assertAccepted(page, rule));
    }
    await Promise.all(accepted.splice(0));
  }
  assert.deepEqual(page.watched.errors, []);
  await page.context().close();
});
