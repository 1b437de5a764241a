/**
 * Validates the fixtures of the contract with Ajv in strict mode, as draft-07 and as 2020-12, and says where schema and
 * fixture disagree. Run it as `node frontend-contract/validation/validate.mjs`; with `--json`, the numbers are for a
 * program to read. It exits with 1 where anything disagrees.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DRAFTS = { 'draft-07': Ajv, '2020-12': Ajv2020 };

const read = (path) => JSON.parse(readFileSync(path, 'utf-8'));

function jsonFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
}

/** One way to validate: a draft, with each schema compiled once. */
function validators(Draft) {
  const ajv = new Draft({ strict: true, discriminator: true, allErrors: false });
  addFormats.default(ajv);
  const compiled = new Map();
  return {
    compile: (schema) => ajv.compile(schema),
    accepts(name, value) {
      if (!compiled.has(name)) {
        compiled.set(name, ajv.compile(read(join(ROOT, 'schemas', `${name}.json`))));
      }
      return compiled.get(name)(value);
    },
  };
}

const PREVIEWS = { succeeded: 'preview', over_budget: 'preview_over_budget' };

const isList = ({ response }) => 'results' in response;

/** Of each folder of exchanges: the schema of requests, and that of a good answer. */
const ANSWERS = {
  errors: [null, () => 'error'],
  previews: ['preview_request', ({ response }) => PREVIEWS[response.state] ?? 'preview_pending'],
  explanations: ['explanation_request', () => 'explanation'],
  collections: [null, (fixture) => (isList(fixture) ? 'collections' : 'collection')],
  copies: [null, () => 'copy'],
  refreshes: [null, (fixture) => (isList(fixture) ? 'refresh_difference' : 'refresh')],
};

/** What must hold for each kind of fixture: [what is validated, with which schema, the expected answer]. */
function* expectations(folder, fixture) {
  if (folder === 'definitions') {
    for (const { name, scope, definition, schema_accepts: accepts } of fixture) {
      yield [name, `definition.${scope.type}`, definition, accepts];
      if (accepts) {
        yield [`${name} (of any type)`, 'definition', definition, true];
      }
    }
  } else if (folder === 'metadata') {
    yield ['document', 'metadata', fixture, true];
  } else if (folder === 'user_groups') {
    yield ['user group', 'user_group', fixture, true];
  } else if (folder in ANSWERS) {
    const [request, response] = ANSWERS[folder];
    if (request && fixture.request.body) {
      yield ['request', request, fixture.request.body, true];
    }
    yield ['response', fixture.status < 400 ? response(fixture) : 'error', fixture.response, true];
  } else {
    throw new Error(`Nobody says how fixtures in ${folder} are validated.`);
  }
}

const counts = {};
const failures = [];

for (const [draft, Draft] of Object.entries(DRAFTS)) {
  const { accepts, compile } = validators(Draft);
  jsonFiles(join(ROOT, 'schemas')).forEach((path) => compile(read(path)));
  counts[draft] = { accepted: 0, refused: 0, forms: 0 };
  for (const path of jsonFiles(join(ROOT, 'fixtures'))) {
    const file = relative(join(ROOT, 'fixtures'), path);
    const folder = dirname(file);
    const fixture = read(path);
    for (const [what, schema, value, expected] of expectations(folder, fixture)) {
      const answer = accepts(schema, value);
      counts[draft][answer ? 'accepted' : 'refused'] += 1;
      if (answer !== expected) {
        failures.push(`${draft}: ${file}, ${what}: ${schema}.json ${answer ? 'accepts' : 'refuses'} it`);
      }
    }
    if (folder === 'metadata') {
      // The forms stand in the document as well as in the schemas of rules; a client compiles these.
      fixture.criterion_types.forEach((type) => compile(type.form.schema));
      counts[draft].forms += fixture.criterion_types.length;
    }
  }
}

if (process.argv.includes('--json')) {
  process.stdout.write(`${JSON.stringify({ counts, failures })}\n`);
} else {
  Object.entries(counts).forEach(([draft, found]) => console.log(draft, found));
  failures.forEach((failure) => console.error(failure));
}
process.exitCode = failures.length ? 1 : 0;
