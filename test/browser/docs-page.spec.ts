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

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}
const document = JSON.parse(readFileSync(join(__dirname, '../../docs/openapi.json'), 'utf8')) as Document;
const operations = Object.values(document.paths).flatMap((methods) =>
  Object.values(methods).map(({ operationId }) => operationId),
);

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
  await page.locator('.opblock').first().waitFor();
  return { page, complaints };
}

const block = (page: Page, id: string): Locator => page.locator(`.opblock[id$="-${id}"]`);

async function expand(page: Page, id: string): Promise<Locator> {
  const found = block(page, id);
  await found.locator('.opblock-summary').click();
  await found.locator('.opblock-body').waitFor();
  return found;
}

/** Presses Execute; resolves to the answer that the page shows. */
async function execute(found: Locator): Promise<{ status: string; body: string }> {
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

test('every operation is there and can be opened; tasks, agents and calls can be tried; the page complains of nothing', async () => {
  const gateway = await GatewayProcess.start();
  await aBot(gateway);
  const { page, complaints } = await openDocs(gateway);
  for (const id of operations) await expand(page, id);

  const submitted = await execute(block(page, 'submitTask'));
  expect(submitted.status).toBe('200');
  const task = /t-[0-9a-f]{32}/.exec(submitted.body)?.[0] ?? 'no task';
  const agents = await execute(block(page, 'listAgents'));
  expect(agents).toMatchObject({
    status: '200',
    body: expect.stringContaining('nanobot-text-001') as unknown,
  });
  expect((await execute(block(page, 'callJsonRpc'))).body).toContain('"task_id"');

  await block(page, 'watchTask').locator('input').first().fill(task);
  const stream = await execute(block(page, 'watchTask'));
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
  expect((await execute(block(page, 'listAgents'))).body).toContain('nanobot-text-001');

  await page.goto('about:blank');
  await page.goto(`${gateway.httpUrl}/docs`);
  await page.locator('.opblock').first().waitFor();
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
  await page.locator('.opblock').first().waitFor();
  expect(new URL(page.url()).pathname).toBe('/docs');
  await page.close();
});
