import type { AddressInfo } from 'node:net';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  type INestApplication,
  Logger,
  Module,
  Post,
  UseGuards,
} from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { anOutgoing } from '../../../test/support/outgoing.js';
import { MemoryApiKeyStore } from '../../../test/fakes/memory-api-key.store.js';
import { AuthConfig } from '../../config/auth.config.js';
import { BotsConfig } from '../../config/bots.config.js';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import { OutgoingHttp } from '../../core/outgoing-http.js';
import type { Principal } from '../../core/principal.js';
import { ApiKeyStore } from './api-key.store.js';
import { AuthModule } from './auth.module.js';
import type { AuthService } from './auth.service.js';
import { Caller, callerOf, OAuth2Guard, Public, Requires } from './oauth2.guard.js';
import { Policy } from './policy.js';
import { TokenIssuer } from './token-issuer.js';

const SECRET = 'a shared secret of thirty-two bytes or more';
const STATUS: Partial<Record<string, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403, INVALID: 400 };

@Controller()
@UseGuards(OAuth2Guard)
class Door {
  @Get('read') read(@Caller() caller: Principal) {
    return { id: caller.id };
  }
  @Post('write') write(@Caller() caller: Principal) {
    return { id: caller.id };
  }
  @Post('look') @Requires('read') look(@Caller() caller: Principal) {
    return { id: caller.id };
  }
  @Get('manage') @Requires('admin') manage() {
    return {};
  }
  @Public() @Get('card') card() {
    return {};
  }
  @Public() @Get('mistake') mistake(@Caller() caller: Principal) {
    return { id: caller.id };
  }
}

@Catch(GatewayError)
class Filter implements ExceptionFilter<GatewayError> {
  catch(error: GatewayError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(STATUS[error.code] ?? 500).json({ code: error.code, detail: error.message });
  }
}

/** A real HTTP server behind the guard. */
async function start(auth: AuthConfig): Promise<INestApplication> {
  const clock = new FakeClock();
  const shared = [
    { provide: AuthConfig, useValue: auth },
    { provide: BotsConfig, useValue: new BotsConfig() },
    { provide: Clock, useValue: clock },
    { provide: OutgoingHttp, useValue: anOutgoing(clock) },
    { provide: ApiKeyStore, useValue: new MemoryApiKeyStore() },
  ];
  @Module({ providers: shared, exports: shared.map(({ provide }) => provide) })
  class Shared {}
  @Module({ imports: [AuthModule], controllers: [Door] })
  class App {}
  const app = await NestFactory.create(
    { module: App, imports: [{ module: Shared, global: true }] },
    { logger: false },
  );
  app.useGlobalFilters(new Filter());
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('OAuth2Guard', () => {
  let app: INestApplication;
  beforeAll(() => void Logger.overrideLogger(false));
  afterAll(() => void Logger.overrideLogger(['log', 'warn', 'error']));
  afterEach(() => app.close());

  async function call(method: string, path: string, headers: Record<string, string> = {}) {
    const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  const bearer = async (scope?: string): Promise<Record<string, string>> => {
    const token = await app
      .get(TokenIssuer)
      .issue({ sub: 'a', namespace: 'n' as Namespace, scope, ttlMs: 60_000 });
    return { authorization: `Bearer ${token}` };
  };

  describe('with auth on', () => {
    beforeEach(async () => (app = await start(new AuthConfig({ mode: 'jwt', jwtSecret: SECRET }))));

    it('answers 401 and a bare challenge without a token', async () => {
      expect(await call('GET', '/read')).toMatchObject({
        status: 401,
        challenge: 'Bearer',
        body: { code: 'UNAUTHENTICATED' },
      });
    });

    it('names the error when a token was given, and never shows the token', async () => {
      const authorization = (await bearer())['authorization']?.slice(0, -4) ?? '';
      const answer = await call('GET', '/read', { authorization });
      expect(answer).toMatchObject({ status: 401, challenge: 'Bearer error="invalid_token"' });
      expect(JSON.stringify(answer)).not.toContain(authorization.slice(20));
    });

    it.each<[string, string, string | undefined, number]>([
      ['GET', '/read', undefined, 200],
      ['GET', '/read', 'read', 200],
      ['GET', '/read', 'openid', 403],
      ['POST', '/write', undefined, 201],
      ['POST', '/write', 'read', 403],
      ['POST', '/write', 'admin', 201],
      ['POST', '/look', 'read', 201],
      ['GET', '/manage', undefined, 403],
      ['GET', '/manage', 'execute', 403],
      ['GET', '/manage', 'admin', 200],
    ])('%s %s with scope %j: %i', async (method, path, scope, status) => {
      expect((await call(method, path, await bearer(scope))).status).toBe(status);
    });

    it('says which scope was missing', async () => {
      const { challenge } = await call('POST', '/write', await bearer('read'));
      expect(challenge).toBe('Bearer error="insufficient_scope", scope="execute"');
    });

    it('hands the principal to the handler', async () => {
      expect((await call('GET', '/read', await bearer())).body).toEqual({ id: 'token:gateway-auth:a' });
    });

    it('lets everybody through to public routes, as nobody', async () => {
      expect((await call('GET', '/card')).status).toBe(200);
      expect((await call('GET', '/card', { authorization: 'Bearer rubbish' })).status).toBe(200);
      expect((await call('GET', '/mistake', await bearer())).status).toBe(401);
    });

    it.each(['/read?token=x', '/read?a=1&access_token=x', '/read?%74oken=x', '/card?access_token'])(
      'refuses %s',
      async (path) => {
        const answer = await call('GET', path, await bearer());
        expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID' } });
      },
    );

    it('takes other parameters', async () => {
      expect((await call('GET', '/read?status=token&tokens=x', await bearer())).status).toBe(200);
    });
  });

  describe('with auth off', () => {
    beforeEach(async () => (app = await start(new AuthConfig({ mode: 'off' }))));

    it('lets everybody do everything', async () => {
      expect((await call('GET', '/manage')).status).toBe(200);
      expect((await call('POST', '/write', { authorization: 'Bearer rubbish' })).body).toEqual({
        id: 'anonymous',
      });
      expect((await call('GET', '/mistake')).body).toEqual({ id: 'anonymous' });
    });

    it('refuses tokens in the query all the same', async () => {
      expect((await call('GET', '/card?token=x')).status).toBe(400);
    });
  });
});

describe('OAuth2Guard outside HTTP', () => {
  it('leaves sockets to the check at the upgrade', () => {
    const unused = {} as AuthService;
    const guard = new OAuth2Guard(unused, new Policy(new AuthConfig()), new Reflector());
    expect(guard.canActivate({ getType: () => 'ws' } as unknown as ExecutionContext)).toBe(true);
  });

  it('knows no caller of a request that did not pass it', () => {
    expect(() => callerOf({ principal: {}, caller: {} })).toThrow('no caller');
  });
});
