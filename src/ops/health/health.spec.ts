import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

let app: NestExpressApplication;
let health: HealthService;
let clock: FakeClock;
let url: string;

beforeEach(async () => {
  clock = new FakeClock();
  health = new HealthService(clock, '1.2.3');
  @Module({ controllers: [HealthController], providers: [{ provide: HealthService, useValue: health }] })
  class App {}
  app = await NestFactory.create<NestExpressApplication>(App, { logger: false });
  await app.listen(0, '127.0.0.1');
  url = `${(await app.getUrl()).replace('[::1]', '127.0.0.1')}/health`;
});
afterEach(() => app.close());

const ask = async (path: string): Promise<[number, unknown]> => {
  const res = await fetch(`${url}${path}`);
  return [res.status, await res.json()];
};

test('B001: /health', async () => {
  clock.advance(90_500);
  expect(await ask('')).toEqual([200, { status: 'ok', version: '1.2.3', uptime_seconds: 90 }]);
  expect(await ask('/live')).toEqual([200, { status: 'ok' }]);
});

test('ready only while every component is', async () => {
  expect(await ask('/ready')).toEqual([200, { status: 'ok', components: {} }]);
  let ok = true;
  health.register('storage', () => ({ ok, detail: ok ? 'writes go through' : 'disk full' }));
  health.register('bus', async () => ({ ok: true }));
  expect(await ask('/ready')).toEqual([
    200,
    {
      status: 'ok',
      components: { storage: { status: 'ok', detail: 'writes go through' }, bus: { status: 'ok' } },
    },
  ]);
  ok = false;
  expect(await ask('/ready')).toEqual([
    503,
    {
      status: 'unavailable',
      components: { storage: { status: 'unavailable', detail: 'disk full' }, bus: { status: 'ok' } },
    },
  ]);
  expect((await ask(''))[0]).toBe(200);
});

test('a probe that throws is not ready, and says nothing about why', async () => {
  health.register('storage', () => {
    throw new Error('postgres://user:secret@db');
  });
  const [status, body] = await ask('/ready');
  expect(status).toBe(503);
  expect(JSON.stringify(body)).not.toContain('secret');
});
