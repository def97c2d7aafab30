import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { complaintsOf, startBrowser } from '../support/browser.js';
import { AUTH_ON } from '../support/env.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { closeAllBots, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** The console at /docs in a real browser. */

jest.setTimeout(120_000);

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
const document = JSON.parse(readFileSync(join(__dirname, '../../docs/openapi.json'), 'utf8')) as Document;
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
const tagOf = (id: string): string => operations.find(({ operationId }) => operationId === id)!.tags[0]!;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
afterEach(() => closeAllBots());

async function openDocs(gateway: GatewayProcess): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${gateway.httpUrl}/docs`);
  await page.locator('.opblock-tag').first().waitFor();
  return { page, complaints };
}

const block = (page: Page, id: string): Locator =>
  page.locator(`.opblock[id="operations-${tagOf(id).replaceAll(' ', '_')}-${id}"]`);

/** Operations are folded away below what they are about. */
async function unfold(page: Page, tag: string): Promise<void> {
  const section = page.locator(`.opblock-tag-section:has(.opblock-tag[data-tag="${tag}"])`);
  if (await section.locator('.opblock').first().isVisible()) return;
  await section.locator('.opblock-tag').click();
  await section.locator('.opblock').first().waitFor();
}

async function expand(page: Page, id: string): Promise<Locator> {
  await unfold(page, tagOf(id));
  const found = block(page, id);
  if (await found.locator('.opblock-body').isVisible()) return found;
  await found.locator('.opblock-summary').click();
  await found.locator('.opblock-body').waitFor();
  return found;
}

/** Presses Execute; resolves to the answer that the page shows. */
async function execute(found: Locator): Promise<{ status: string; body: string }> {
  const before = found.locator('button.btn-clear');
  if (await before.isVisible()) await before.click();
  await found.locator('button.execute').click();
  const answer = found.locator('.live-responses-table .response');
  await answer.waitFor();
  return {
    status: (await answer.locator('.response-col_status').innerText()).trim(),
    body: await answer.locator('.response-col_description').innerText(),
  };
}

const aBot = (gateway: GatewayProcess, token?: string): Promise<TestBot> =>
  TestBot.connect({
    url: gateway.botUrl,
    name: 'nanobot-text-001',
    skills: ['summarize', 'translate'],
    ...(token === undefined ? {} : { token, namespace: 'production' }),
  });

test('every operation is there, one of each kind is opened; tasks, agents and calls can be tried; the page complains of nothing', async () => {
  const gateway = await GatewayProcess.start();
  await aBot(gateway);
  const { page, complaints } = await openDocs(gateway);
  for (const tag of new Set(operations.map(({ tags }) => tags[0]!))) {
    const ids = operations.filter(({ tags }) => tags[0] === tag).map(({ operationId }) => operationId);
    const opened = await expand(page, ids[0]!);
    for (const id of ids) expect(await block(page, id).count()).toBe(1);
    await page.locator(`.opblock-tag[data-tag="${tag}"]`).click(); // a page with all of them open is slow
    await opened.waitFor({ state: 'detached' });
  }

  const submitted = await execute(await expand(page, 'submitTask'));
  expect(submitted.status).toBe('200');
  const task = /t-[0-9a-f]{32}/.exec(submitted.body)?.[0] ?? 'no task';
  const agents = await execute(await expand(page, 'listAgents'));
  expect(agents).toMatchObject({
    status: '200',
    body: expect.stringContaining('nanobot-text-001') as unknown,
  });
  expect((await execute(await expand(page, 'callJsonRpc'))).body).toContain('"task_id"');

  const watch = await expand(page, 'watchTask');
  await watch.locator('input').first().fill(task);
  const stream = await execute(watch);
  expect(stream).toMatchObject({
    status: '200',
    body: expect.stringContaining('event: completed') as unknown,
  });
  expect(complaints).toEqual([]);
  await page.close();
});

test('with auth on in the production profile: Authorize, and the token is kept', async () => {
  const gateway = await GatewayProcess.start({
    env: { ...AUTH_ON, GATEWAY_PROFILE: 'production', GATEWAY_DOCS_ENABLED: 'true' },
  });
  const token = tokenFor('production');
  await aBot(gateway, token);
  const { page, complaints } = await openDocs(gateway);
  expect((await execute(await expand(page, 'listAgents'))).status).toBe('401');
  complaints.length = 0; // the browser itself reports the 401

  await page.locator('button.authorize').first().click();
  const dialog = page.locator('.auth-container').filter({ hasText: 'bearer' }).first();
  await dialog.locator('input').first().fill(token);
  await dialog.locator('button.authorize').click();
  await page.locator('.btn-done').first().click();
  expect((await execute(await expand(page, 'listAgents'))).body).toContain('nanobot-text-001');

  await page.goto('about:blank');
  await page.goto(`${gateway.httpUrl}/docs`);
  await page.locator('.opblock-tag').first().waitFor();
  expect((await execute(await expand(page, 'listAgents'))).status).toBe('200');
  expect(complaints).toEqual([]);
  await page.close();
});

test('with a public URL elsewhere calls go to where the page is; /docs/ is the same page', async () => {
  const gateway = await GatewayProcess.start({
    env: { GATEWAY_PUBLIC_URL: 'https://gateway.example.com/api' },
  });
  const { page, complaints } = await openDocs(gateway);
  expect((await execute(await expand(page, 'listAgents'))).status).toBe('200');
  expect(complaints).toEqual([]);
  await page.goto(`${gateway.httpUrl}/docs/`);
  await page.locator('.opblock-tag').first().waitFor();
  expect(new URL(page.url()).pathname).toBe('/docs');
  await page.close();
});
