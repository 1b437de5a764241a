/**
 * Fails where a document of the API breaks a rule of Spectral or Redocly, or breaks clients of the released contract.
 * What breaks clients on purpose moves the major of `contract_version`, which the document carries as its version.
 *
 *     node scripts/check-openapi.mjs [document] [released document]
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [document = '../openapi.yaml', released = 'released/openapi.yaml'] = process.argv.slice(2);
const ENVIRONMENT = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

/** Whether a tool of this package had nothing to say; what it said is shown otherwise. */
function passes(tool, ...options) {
  const { status, stdout, stderr, error } = spawnSync(`node_modules/.bin/${tool}`, options, { encoding: 'utf8', env: ENVIRONMENT });
  if (status !== 0) {
    console.error([`${tool}:`, stdout, stderr, error].filter(Boolean).join('\n'));
  }
  return status === 0;
}

/** The contract's version, which stands in the document's `info`. */
function versionOf(path) {
  const found = /^info:\n(?: .*\n)*? {2}version: '?(\d+)\.(\d+)'?$/m.exec(readFileSync(path, 'utf8'));
  if (!found) {
    throw new Error(`${path} has no version such as 1.0 in its info.`);
  }
  return { text: `${found[1]}.${found[2]}`, major: Number(found[1]) };
}

const [present, past] = [versionOf(document), versionOf(released)];
const results = [
  passes('spectral', 'lint', '--quiet', '--fail-severity=warn', '--ruleset', '.spectral.yaml', document),
  passes('redocly', 'lint', '--config', 'redocly.yaml', '--max-problems=100', document),
];
if (present.major > past.major) {
  console.log(`Contract ${present.text} may break clients of ${past.text}.`);
} else {
  const isCompatible = passes('oasdiff', 'breaking', '--fail-on', 'WARN', released, document);
  if (!isCompatible) {
    console.error(
      `Clients of contract ${past.text} would break. Keep what they use or, on purpose, move the major of CONTRACT_VERSION `
      + 'in data.py. The released document is written by "npm run release:api", when a version is tagged.',
    );
  }
  results.push(isCompatible);
}
process.exitCode = results.every(Boolean) ? 0 : 1;
