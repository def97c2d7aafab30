import {
  createParamDecorator,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GatewayError } from '../../core/errors.js';
import { ANONYMOUS, type Origin, type Principal, type Right } from '../../core/principal.js';
import { AuthService, credentialsOf, type Credentials } from './auth.service.js';
import { refuseTokenInQuery } from './bearer.js';
import { Policy } from './policy.js';
import { originOfRequest } from './request-origin.js';

const PUBLIC = 'auth:public';
const REQUIRES = 'auth:requires';
const CALLER = Symbol('caller');
const ORIGIN = Symbol('origin');

/** The route needs no credential, and gets no caller while auth is on. */
export const Public = () => SetMetadata(PUBLIC, true);

/** The right that a route needs; without this: `read` for GET and HEAD, else `execute`. */
export const Requires = (right: Right) => SetMetadata(REQUIRES, right);

/** What this guard uses of an HTTP request. */
export interface GuardedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly authorization?: string | undefined; readonly 'x-api-key'?: string | string[] };
  /** Follows the trusted proxies. */
  readonly ip?: string | undefined;
  [CALLER]?: Principal;
  [ORIGIN]?: Origin;
}

interface GuardedResponse {
  setHeader(name: string, value: string): unknown;
  getHeader(name: string): unknown;
}

/**
 * Who sent this request, as the guard has found.
 * @throws GatewayError UNAUTHENTICATED on a public route while auth is on: such a route has no caller
 */
export function callerOf(request: object): Principal {
  const caller = callerIfAny(request);
  if (!caller) throw new GatewayError('UNAUTHENTICATED', 'this request has no caller');
  return caller;
}

/** Who sent this request; undefined on a public route while auth is on. */
export const callerIfAny = (request: object): Principal | undefined => (request as GuardedRequest)[CALLER];

/** Where a request comes from; undefined where no guard has seen it. */
export const originOf = (request: object): Origin | undefined => (request as GuardedRequest)[ORIGIN];

/** Parameter of a handler: the {@link Principal} that calls. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<object>()),
);

/** The guard of every HTTP door: token or API key, rights, and the answers that RFC 6750 §3 asks for. */
@Injectable()
export class OAuth2Guard implements CanActivate {
  constructor(
    private readonly auth: AuthService,
    private readonly policy: Policy,
    private readonly reflector: Reflector,
  ) {}

  /** @throws GatewayError INVALID (token in the query), UNAUTHENTICATED or FORBIDDEN, with WWW-Authenticate set on the response */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true; // bots are judged at the upgrade
    const http = context.switchToHttp();
    const request = http.getRequest<GuardedRequest>();
    const origin = (request[ORIGIN] = originOfRequest(request, http.getResponse<GuardedResponse>()));
    refuseTokenInQuery(request.url);
    if (!this.auth.enabled) {
      request[CALLER] = { ...ANONYMOUS, origin };
      return true;
    }
    if (this.setting<boolean>(PUBLIC, context)) return true;
    return this.admit(request, origin, context);
  }

  private async admit(request: GuardedRequest, origin: Origin, context: ExecutionContext): Promise<boolean> {
    const right = this.setting<Right>(REQUIRES, context) ?? defaultRight(request.method);
    const credentials = credentialsOf(request.headers);
    try {
      const principal = await this.auth.authenticate(credentials.authorization, credentials.apiKey);
      const caller = (request[CALLER] = { ...principal, origin });
      this.policy.requireRight(caller, right);
      return true;
    } catch (error) {
      const challenge = challengeFor(error, credentials, right);
      if (challenge)
        context.switchToHttp().getResponse<GuardedResponse>().setHeader('WWW-Authenticate', challenge);
      throw error;
    }
  }

  private setting<T>(key: string, context: ExecutionContext): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
  }
}

const defaultRight = (method: string): Right => (method === 'GET' || method === 'HEAD' ? 'read' : 'execute');

function challengeFor(error: unknown, shown: Credentials, right: Right): string | undefined {
  if (!(error instanceof GatewayError)) return undefined;
  if (error.code === 'FORBIDDEN') return `Bearer error="insufficient_scope", scope="${right}"`;
  if (error.code !== 'UNAUTHENTICATED') return undefined;
  const nothing = shown.authorization === undefined && shown.apiKey === undefined;
  return nothing ? 'Bearer' : 'Bearer error="invalid_token"';
}
