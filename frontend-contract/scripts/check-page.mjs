/**
 * Fails when the built page in the Django package is not what its sources make, or is larger than it may be.
 * After a change on purpose: `npm run build:page`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const COMMITTED = '../backend/openedx_user_groups/static/openedx_user_groups/builder';
/** Script and styles together, compressed. Two thirds of it is React, react-intl and Paragon. */
const BUDGET = 300 * 1024;

const problems = [];
const fresh = mkdtempSync(join(tmpdir(), 'builder-page-'));
try {
  await build({ logLevel: 'error', build: { outDir: fresh, emptyOutDir: true } });
  const names = readdirSync(fresh).sort();
  const committed = readdirSync(COMMITTED).sort();
  if (names.join() !== committed.join()) {
    problems.push(`The build makes ${names.join(', ')}; the package has ${committed.join(', ')}.`);
  }
  let size = 0;
  names.forEach((name) => {
    const made = readFileSync(join(fresh, name));
    size += gzipSync(made, { level: 9 }).length;
    if (committed.includes(name) && !made.equals(readFileSync(join(COMMITTED, name)))) {
      problems.push(`${name} is not what its sources make: run "npm run build:page" and commit the result.`);
    }
  });
  console.log(`The page is ${Math.round(size / 1024)} KiB compressed, of ${BUDGET / 1024} KiB.`);
  if (size > BUDGET) {
    problems.push('That is more than the budget.');
  }
} finally {
  rmSync(fresh, { recursive: true });
}
problems.forEach((problem) => console.error(problem));
process.exitCode = problems.length ? 1 : 0;
