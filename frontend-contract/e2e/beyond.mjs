/** What the form offers beyond the live count: another day, other groups, saving what was seen. One path through each. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { api, assertAccessible, form, settledCount, shot, world } from './support.mjs';

const DAY = 86_400_000;
const scope = { type: 'course', key: world.course };

/** So many days from now, as the field takes it. The browser and this script have one time zone. */
function daysFromNow(days) {
  const date = new Date(Date.now() + days * DAY);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The numbers of another day say so, a day too far away is told at the field, and there is a way back to now. */
export async function previewAnotherDay(page, count) {
  const panel = page.getByRole('region', { name: /^Who matches/ });
  await panel.getByRole('button', { name: 'Preview for another day' }).click();
  const field = panel.getByLabel('Date and time of the preview');
  await field.fill(daysFromNow(400));
  await panel.getByText(/^Choose an instant at most \d+ days back and \d+ days ahead\.$/).waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  await assertAccessible(page, 'a day that is too far away');
  await field.fill(daysFromNow(30));
  await panel.getByRole('heading', { name: 'Who matches on another day' }).waitFor();
  await settledCount(page, /of .* This is for .*, not for now\.$/);
  await panel.getByText('Answered for that day: Criterion 1: Last login.').waitFor();
  await panel.getByText(/^Answered with today’s data: .*Criterion 2: Course grade/).waitFor();
  await assertAccessible(page, 'the preview of another day');
  await shot(page, 'another-day');
  await panel.getByRole('button', { name: 'Back to now' }).click();
  await panel.getByRole('heading', { name: 'Who matches now' }).waitFor();
  const now = page.locator('[data-user-groups-preview=settled]').filter({ hasNotText: 'not for now' });
  await now.filter({ hasText: count.toLocaleString('en') }).waitFor();
}

/** A group of the same rule shares all its learners. */
export async function compareGroups(page, rule, count) {
  const { status, body: twin } = await api(page, 'POST', 'user_groups/', { scope, name: 'Twin', rule });
  assert.equal(status, 201, JSON.stringify(twin));
  await page.getByRole('button', { name: 'Compare with other groups' }).click();
  const groups = page.getByRole('list', { name: 'Learners shared with other groups' }).getByRole('listitem');
  const number = `${count.toLocaleString('en')} learner`;
  await groups.filter({ hasText: 'Twin' }).filter({ hasText: number }).filter({ hasText: '100% of those who match' }).waitFor();
  await assertAccessible(page, 'other groups');
  await shot(page, 'overlap');
  await api(page, 'DELETE', `user_groups/${twin.uuid}/`);
}

/** Once the server says that learners moved, and then, of a preview made anew, for real. */
export async function saveWhatIsShown(page, count) {
  const moved = JSON.parse(readFileSync(new URL('../fixtures/errors/409_preview_moved.json', import.meta.url)));
  await page.getByLabel('Save exactly the learners shown').check();
  const ready = page.getByText(/learners? will be saved, as previewed on/);
  await ready.waitFor();
  await page.route('**/user_groups/', (route) => route.fulfill({ status: moved.status, json: moved.response }));
  await form(page).save();
  await page.getByText('Learners have moved since the preview').waitFor();
  await page.getByRole('button', { name: 'Save anyway with today’s learners' }).waitFor();
  await assertAccessible(page, 'learners who moved');
  await shot(page, 'moved');
  await page.unroute('**/user_groups/');
  await page.getByRole('button', { name: 'Look at the preview again' }).click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Who matches now');
  await ready.waitFor();
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/user_groups/'));
  await form(page).save();
  assert.ok((await sent).postDataJSON().preview_token, 'it is saved with a token');
  await page.getByText('“As shown” was saved.').waitFor();
  await page.getByText(`${count.toLocaleString('en')} members`).waitFor();
}
