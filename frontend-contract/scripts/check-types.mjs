/** Fails when the committed wire types are not those of openapi.yaml. After a change on purpose: `npm run types`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMITTED = 'src/generated/api.gen.ts';
const folder = mkdtempSync(join(tmpdir(), 'wire-types-'));
try {
  const fresh = join(folder, 'api.gen.ts');
  const command = ['openapi-typescript', '../openapi.yaml', '--default-non-nullable=false', '--output', fresh];
  execFileSync('npx', ['--no-install', ...command], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (readFileSync(fresh, 'utf8') !== readFileSync(COMMITTED, 'utf8')) {
    console.error(`${COMMITTED} is not what openapi.yaml says: run "npm run types" and commit the result.`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
