/** A criterion type that was installed after the page was built: chosen, filled in, previewed and saved all the same. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, assertAccessible, form, newPage, open, settledCount, shot, start, stop, world } from './support.mjs';

before(start);
after(stop);

test('the type of an installed plugin is used without any change of the page', async () => {
  const page = await newPage();
  await open(page);
  await page.getByRole('button', { name: 'New group by criteria' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Readers');
  await form(page).choose(1, world.plugin.label);
  await form(page).criterion(1).getByRole('checkbox', { name: world.plugin.choice }).check();
  assert.equal(await settledCount(page), world.plugin.matches);
  await assertAccessible(page, 'a plugin’s criterion');
  await shot(page, 'plugin');
  await form(page).save();
  await page.getByText(`${world.plugin.matches} members`).waitFor();
  const { body } = await api(page, 'GET', `user_groups/?${new URLSearchParams({ scope_type: 'course', scope_key: world.course, name: 'Readers' })}`);
  assert.equal(body.results[0].rule.nodes[0].type, world.plugin.type);
  await api(page, 'DELETE', `user_groups/${body.results[0].uuid}/`);
  assert.deepEqual(page.watched.errors, []);
  await page.context().close();
});
