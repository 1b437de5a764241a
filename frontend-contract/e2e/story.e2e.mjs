/** The story of the product: build, see the number before saving, save, edit, see the difference. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compareGroups, previewAnotherDay, saveWhatIsShown } from './beyond.mjs';
import { api, assertAccessible, assertFocus, fillStory, form, newPage, open, settledCount, shot, start, stop, world } from './support.mjs';

before(start);
after(stop);

const RULE = {
  combine: 'all',
  nodes: [
    { kind: 'criterion', type: 'last_login', config: { operator: '>', days: 10 } },
    { kind: 'criterion', type: 'course_grade', config: { operator: '<', percent: 40 } },
    { kind: 'criterion', type: 'enrollment_track', config: { operator: 'not_in', modes: ['audit'] } },
  ],
};

/** The number that the story has to show: known for real data, asked of the API for invented ones. */
async function expectedCount(page) {
  const scope = { type: 'course', key: world.course };
  const { status, body } = await api(page, 'POST', 'previews/', { scope, rule: RULE, sample_size: 0 });
  assert.equal(status, 200);
  if (world.expected) {
    assert.equal(body.count.value, world.expected);
  }
  return body.count.value;
}

/** The funnel beside the criteria is what the API says, and ends at the number of the panel. */
async function assertFunnel(page, expected) {
  const body = { scope: { type: 'course', key: world.course }, rule: RULE };
  const { nodes } = (await api(page, 'POST', 'previews/', body)).body;
  const format = (number) => number.toLocaleString('en');
  for (const { pointer, count, running, without } of nodes.slice(1)) {
    const text = await page.locator(`[data-user-groups-funnel="${pointer}"]`).textContent();
    assert.ok(text.startsWith(`${format(count)} learner`), text);
    assert.ok(text.includes(`Up to here: ${format(running)} learner`), text);
    assert.ok(text.includes(`Without this criterion: ${format(without)}`), text);
  }
  assert.equal(nodes.at(-1).running, expected);
}

/** Why this learner matches, with the answer of every criterion; an account that does not exist is told at the field. */
async function explainSomebody(page, username) {
  await page.getByRole('button', { name: 'Why is a learner in or out?' }).click();
  const drawer = page.getByRole('dialog', { name: 'Why is a learner in or out?' });
  await drawer.getByLabel('User name or e-mail address').fill('nobody_by_that_name');
  await drawer.getByRole('button', { name: 'Explain' }).click();
  await drawer.locator('[data-user-groups-error]').waitFor();
  assert.equal(await drawer.getByLabel('User name or e-mail address').getAttribute('aria-invalid'), 'true');
  await drawer.getByLabel('User name or e-mail address').fill(username);
  await drawer.getByRole('button', { name: 'Explain' }).click();
  await drawer.locator('[data-user-groups-verdict=in]').waitFor();
  assert.equal(await drawer.locator('[data-user-groups-explained]').count(), 3);
  await drawer.getByText('Criterion 2: Course grade').waitFor();
  await assertAccessible(page, 'an explanation');
  await shot(page, 'explanation');
  await drawer.getByRole('button', { name: 'Close' }).click();
  await drawer.waitFor({ state: 'detached' });
  await assertFocus(page, 'Why is a learner in or out?', 'the focus is back');
}

/** The numbers of the edit fit each other, and the learners behind them are named with the criterion that decides. */
async function assertDifference(page, before, edited) {
  const difference = page.locator('[data-user-groups-difference]');
  const text = await difference.getAttribute('data-user-groups-difference');
  const [added, removed, unchanged] = text.match(/\d+/g).map(Number);
  assert.deepEqual([unchanged + removed, unchanged + added], [before, edited]);
  const [button, list, count] = removed > 0
    ? ['Who would leave', 'Members who would leave', removed]
    : ['Who would join', 'Learners who would join', added];
  await difference.getByRole('button', { name: button }).click();
  const learners = difference.getByRole('list', { name: list }).getByRole('listitem');
  await learners.first().waitFor();
  assert.equal(await learners.count(), Math.min(count, 25));
  assert.match(await learners.first().textContent(), /because of the edited rule\. Criterion 1: Last login (no longer|now) matches\.$/);
  if (count > 25) {
    const first = await learners.first().textContent();
    await difference.getByRole('button', { name: 'Next page' }).click();
    await learners.filter({ hasNotText: first }).first().waitFor();
    await difference.getByText('Page 2 of').waitFor();
  }
}

describe('a staff member', () => {
  test('sees who matches before saving, saves, and sees the difference of an edit before saving it', async () => {
    const page = await newPage();
    await open(page);
    await page.getByRole('heading', { name: 'User groups', exact: true }).waitFor();
    await page.getByText(/^\d+ groups?$/).waitFor();
    assert.ok(page.watched.calls.length <= 3, `calls before the first useful paint: ${page.watched.calls.length}`);
    await assertAccessible(page, 'the list');
    const expected = await expectedCount(page);

    await fillStory(page, 'At risk');
    const count = new RegExp(`^${expected.toLocaleString('en')} learners? of`);
    assert.equal(await settledCount(page, count), expected);
    await page.getByRole('button', { name: 'Show some of them' }).click();
    const sample = page.getByRole('list', { name: 'Some learners who match' }).getByRole('listitem');
    await sample.first().waitFor();
    assert.equal(await sample.count(), Math.min(expected, 25));
    assert.equal(await page.locator('[data-user-groups-count]').count(), 3);
    await assertFunnel(page, expected);
    await assertAccessible(page, 'the form with its preview');
    await shot(page, 'preview');
    await explainSomebody(page, await sample.first().textContent());

    await form(page).save();
    await page.getByRole('heading', { name: 'At risk' }).waitFor();
    await page.getByText('“At risk” was saved.').waitFor();
    await page.getByText(`${expected.toLocaleString('en')} members`).waitFor();
    await page.getByRole('rowheader').first().waitFor();
    await assertAccessible(page, 'the group');
    await shot(page, 'group');

    await page.getByRole('button', { name: 'Edit' }).click();
    assert.equal(await settledCount(page, count), expected);
    await page.locator(`[data-user-groups-difference="+0 -0 =${expected}"]`).waitFor();
    await form(page).criterion(1).getByLabel('Days ago (days)').fill('30');
    await page.locator('[data-user-groups-difference]:not([data-user-groups-difference^="+0 -0"])').waitFor();
    const edited = await settledCount(page);
    assert.notEqual(edited, expected);
    await assertDifference(page, expected, edited);
    await assertAccessible(page, 'the difference of an edit');
    await shot(page, 'difference');
    await form(page).save();
    await page.getByText(`${edited.toLocaleString('en')} members`).waitFor();

    await page.getByRole('tab', { name: 'Refreshes' }).click();
    await page.getByRole('cell', { name: 'Rule changed' }).first().waitFor();
    await assertAccessible(page, 'the refreshes');
    await shot(page, 'refreshes');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('cell', { name: edited < expected ? 'Left' : 'Joined' }).first().waitFor();
    await shot(page, 'history');
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('Refreshed: 0 joined, 0 left.').waitFor();

    await page.getByRole('button', { name: 'All groups' }).click();
    await page.getByRole('button', { name: 'At risk' }).waitFor();
    await page.getByText('Up to date').first().waitFor();
    await assertAccessible(page, 'the list with a group');
    await shot(page, 'list');
    await page.getByLabel('Search groups').fill('nothing like it');
    await page.getByText('No group matches “nothing like it”.').waitFor();
    await page.getByLabel('Search groups').fill('risk');
    await page.getByRole('button', { name: 'At risk' }).click();
    await page.getByRole('button', { name: 'Archive' }).click();
    await assertAccessible(page, 'the question before archiving');
    await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
    await page.getByText('“At risk” was archived.').waitFor();
    assert.deepEqual(page.watched.errors, []);
    await page.context().close();
  });

  test('looks at another day and at other groups, and saves exactly what is shown', async () => {
    const page = await newPage();
    await open(page);
    await fillStory(page, 'As shown');
    const count = await settledCount(page);
    await previewAnotherDay(page, count);
    await compareGroups(page, RULE, count);
    await saveWhatIsShown(page, count);
    await page.getByRole('button', { name: 'Archive' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
    await page.getByText('“As shown” was archived.').waitFor();
    assert.deepEqual(page.watched.errors, []);
    await page.context().close();
  });

  test('sends at most one preview in 400 ms, and none that was superseded is waited for', async () => {
    const page = await newPage();
    await page.clock.install();
    await open(page);
    await page.getByRole('button', { name: 'New group by criteria' }).click();
    await form(page).choose(1, 'Last login');
    // No preview is answered before the last one was sent, so that the next one finds it still on its way.
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route('**/previews/', async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    // The page's own clock moves only as the test says: a busy machine makes no pause longer.
    await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1_000));
    page.watched.calls.length = 0;
    const previews = () => page.watched.calls.filter(({ path }) => path === 'previews/');
    const sent = [];
    /** Nothing is sent before the field was left alone for 400 ms; one is then. */
    const pause = async () => {
      await page.clock.runFor(399);
      assert.equal(previews().length, sent.length, 'none before 400 ms');
      const request = page.waitForRequest('**/previews/');
      await page.clock.runFor(1);
      await request;
      sent.push(await page.evaluate(() => Date.now()));
      await page.clock.runFor(300);
    };
    const days = form(page).criterion(1).getByLabel('Days ago (days)');
    for (const key of '123') {
      await page.clock.runFor(100);
      await days.press(key);
    }
    await pause();
    await days.press('Backspace');
    await pause();
    await days.press('Backspace');
    await pause();
    release();
    await page.clock.resume();
    await settledCount(page);
    assert.equal(previews().length, 3, 'one for each time that typing paused');
    sent.slice(1).forEach((at, index) => assert.ok(at - sent[index] >= 400));
    assert.equal(page.watched.aborted.filter((path) => path === 'previews/').length, 2);
    await page.context().close();
  });

  test('needs no mouse', async () => {
    const page = await newPage();
    await open(page);
    await page.getByText(/^\d+ groups?$/).waitFor();
    const { keyboard } = page;
    const focused = () => page.evaluate(() => {
      const element = document.activeElement;
      return element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent;
    });
    const tabTo = async (name, key = 'Tab') => {
      for (let step = 0; step < 60; step += 1) {
        if ((await focused()).trim() === name) {
          return;
        }
        await keyboard.press(key);
      }
      assert.fail(`${name} cannot be reached by ${key}; the focus is on ${await focused()}`);
    };
    await tabTo('New group by criteria');
    await keyboard.press('Enter');
    await page.getByRole('form').waitFor();
    assert.equal(await focused(), 'New group by criteria', 'the heading of the form has the focus');
    await tabTo('Name');
    await keyboard.type('By keyboard');
    await tabTo('Criterion');
    await keyboard.type('Last login');
    await tabTo('Days ago (days)');
    await keyboard.type('10');
    await tabTo('Add criterion');
    await keyboard.press('Enter');
    assert.equal(await focused(), 'Criterion', 'a new row takes the focus');
    await keyboard.type('Course passed');
    await tabTo('Remove: Criterion 2: Course passed');
    await keyboard.press('Enter');
    assert.equal(await focused(), 'Criterion', 'the neighbour of a removed row takes the focus');
    await settledCount(page);
    await tabTo('Save group');
    await keyboard.press('Enter');
    await page.getByText('“By keyboard” was saved.').waitFor();
    await assertFocus(page, 'By keyboard', 'the heading of the group has the focus');
    const tab = page.getByRole('tab', { name: 'Members' });
    await tab.focus();
    await keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: 'Refreshes', selected: true }).waitFor();
    await tabTo('Archive', 'Shift+Tab');
    await keyboard.press('Enter');
    // The button that opened the dialog has the same name, and the focus for a moment.
    await page.getByRole('dialog').locator(':focus').waitFor();
    await tabTo('Archive');
    await keyboard.press('Enter');
    await page.getByText('“By keyboard” was archived.').waitFor();
    await page.context().close();
  });
});

describe('somebody else', () => {
  const strangers = [['a learner', world.learner], ...(world.otherStaff ? [['staff of another course', world.otherStaff]] : [])];
  strangers.forEach(([who, account]) => {
    test(`${who} is told that this is not for them`, async () => {
      const page = await newPage();
      await open(page, account);
      await page.getByText('You may not see the user groups here').waitFor();
      assert.equal(await page.getByRole('table').count(), 0);
      assert.equal(await page.getByRole('button', { name: /New/ }).count(), 0);
      assert.ok(!(await page.content()).includes('oulad_'));
      await assertAccessible(page, 'forbidden');
      await shot(page, 'forbidden');
      await page.context().close();
    });
  });
});
