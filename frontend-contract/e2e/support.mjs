/**
 * A browser on the sandbox. The address and the world come from the environment; `tests/e2e` of the repository starts
 * the site and sets them. Every test has a profile of its own.
 */
import { AxeBuilder } from '@axe-core/playwright';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Address, course, accounts and the expected count; see `tests/e2e/conftest.py`. */
export const world = JSON.parse(process.env.E2E_WORLD ?? 'null');
if (!world) {
  throw new Error('E2E_WORLD is not set: run the tests with pytest tests/e2e, or see its conftest.py.');
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const SCREENSHOTS = process.env.E2E_SCREENSHOTS ?? 'test-results';
const API = '/api/user_group/v1/';

let browser;

export async function start() {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

export async function stop() {
  await browser?.close();
}

/** A page in a fresh profile, with what went wrong on it and which requests of the API it sent. */
export async function newPage({ locale = 'en' } = {}) {
  const context = await browser.newContext({
    baseURL: world.address,
    deviceScaleFactor: Number(process.env.E2E_SCALE ?? 1),
    locale,
    viewport: { width: 1200, height: 900 },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const watched = { errors: [], calls: [], aborted: [] };
  page.on('pageerror', (error) => watched.errors.push(error.message));
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith(API)) {
      watched.calls.push({ method: request.method(), path: pathname.slice(API.length), at: Date.now() });
    }
  });
  page.on('requestfailed', (request) => watched.aborted.push(new URL(request.url()).pathname.slice(API.length)));
  return Object.assign(page, { watched });
}

/** Log in, and open the builder for the world's course. */
export async function open(page, { user = world.staff, password = world.staffPassword, path } = {}) {
  await page.goto('/accounts/login/');
  await page.fill('[name=username]', user);
  await page.fill('[name=password]', password);
  await Promise.all([page.waitForURL('**/'), page.press('[name=password]', 'Enter')]);
  page.watched.calls.length = 0;
  await page.goto(path ?? `/builder/?${new URLSearchParams({ scope_type: 'course', scope_key: world.course })}`);
}

/** Wait until what was fading in or out is where it stays: in between, texts have too little contrast. */
async function comeToRest(page) {
  await page.waitForFunction(() => document.getAnimations()
    .every((animation) => animation.playState !== 'running' || animation.effect.getComputedTiming().endTime === Infinity));
}

/** No violation of any rule of axe on the page as it is. */
export async function assertAccessible(page, what) {
  await comeToRest(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  assert.deepEqual(found, [], `axe on: ${what}`);
}

/** Keep what the page looks like; with E2E_SHOTS, of the named states only. */
export async function shot(page, name) {
  const wanted = process.env.E2E_SHOTS?.split(',');
  if (wanted && !wanted.includes(name)) {
    return;
  }
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.evaluate(() => globalThis.scrollTo(0, 0));
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
}

/** What the API answers in the page's own session. */
export async function api(page, method, path, body) {
  const cookies = await page.context().cookies();
  const token = cookies.find(({ name }) => name === 'csrftoken')?.value ?? '';
  const answer = await page.request.fetch(`${API}${path}`, {
    method,
    headers: { 'X-CSRFToken': token, Referer: world.address },
    ...(body ? { data: body } : {}),
  });
  const text = await answer.text();
  return { status: answer.status(), body: text ? JSON.parse(text) : null };
}

/** Wait for the focus where it is moved a moment after something was drawn. The text or the label of what has it. */
export async function assertFocus(page, name, why) {
  await page.waitForFunction((expected) => document.activeElement.textContent.trim() === expected, name)
    .catch((error) => assert.fail(`${why ?? 'the focus'}: ${name}. ${error.message}`));
}

/** The parts of the form. */
export const form = (page) => ({
  criterion: (number) => page.getByRole('group', { name: new RegExp(`^Criterion ${number}\\b`) }),
  choose: async (number, label) => {
    await form(page).criterion(number).getByLabel('Criterion', { exact: true }).selectOption({ label });
  },
  settled: () => page.locator('[data-user-groups-preview=settled]'),
  save: () => page.getByRole('button', { name: 'Save group' }).click(),
});

/** Wait for the settled count of the panel, and answer it. */
export async function settledCount(page, pattern = /of/) {
  const status = page.locator('[data-user-groups-preview=settled]').filter({ hasText: pattern });
  await status.waitFor();
  return Number((await status.textContent()).match(/^([\d,]+)/)[1].replace(/,/g, ''));
}

/** "Last login more than 10 days ago, grade below 40 %, not on the audit track", as far as the world has it. */
export async function fillStory(page, name) {
  const { criterion, choose } = form(page);
  await page.getByRole('button', { name: 'New group by criteria' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await choose(1, 'Last login');
  await criterion(1).getByLabel('Days ago (days)').fill('10');
  await page.getByRole('button', { name: 'Add criterion' }).click();
  await choose(2, 'Course grade');
  await criterion(2).getByLabel('Condition').selectOption({ label: 'is less than' });
  await criterion(2).getByLabel(/\(%\)$/).fill('40');
  await page.getByRole('button', { name: 'Add criterion' }).click();
  await choose(3, 'Enrollment track');
  await criterion(3).getByLabel('Condition').selectOption({ label: 'is none of' });
  await criterion(3).getByRole('checkbox', { name: /audit/i }).check();
}
