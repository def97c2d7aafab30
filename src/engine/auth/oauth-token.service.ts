import { Injectable } from '@nestjs/common';
import { AuthConfig, type OAuthClient } from '../../config/auth.config.js';
import type { Namespace } from '../../core/ids.js';
import { isObject, type JsonObject } from '../../core/json.js';
import type { Origin } from '../../core/principal.js';
import { ClientSecrets } from './client-secret.js';
import { rightsOf, scopeWords } from './rights.js';
import { TokenIssuer } from './token-issuer.js';

/** A request to the token endpoint (RFC 6749 §4.4.2). */
export interface TokenEndpointRequest {
  /** The parsed form (or JSON) body. */
  readonly body: unknown;
  readonly authorization: string | undefined;
  readonly origin?: Origin | undefined;
}

/** Told of every token that a client has got, and of everybody who is no client. */
export interface TokenObserver {
  issued(client: OAuthClient, scope: string, origin: Origin | undefined): void;
  refused(why: string, origin: Origin | undefined): void;
}

/** What the endpoint answers, ready to be sent. */
export interface TokenEndpointResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable';

/** An answer of RFC 6749 §5.2; the description is for the client's developer. */
class OAuthError extends Error {
  constructor(
    readonly error: OAuthErrorCode,
    description: string,
    readonly status = 400,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(description);
  }
}

interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What a client asks for beside its credentials. */
export interface ClientCredentialsRequest extends ClientCredentials {
  readonly scope?: string | undefined;
  readonly origin?: Origin | undefined;
}

/** RFC 6749 §5.1. */
export interface AccessToken extends JsonObject {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
}

/** Secrets are checked in the thread pool that files and DNS need too: few at a time, a short queue, then no. */
const MAX_CHECKS = 2;
const MAX_WAITING = 32;
const NOT_STORED = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** The OAuth 2.0 token endpoint without its HTTP: client credentials grant (RFC 6749 §4.4). */
@Injectable()
export class OAuthTokenService {
  private readonly secrets: ClientSecrets;
  private readonly observers: TokenObserver[] = [];
  private checking = 0;
  private readonly waiting: (() => void)[] = [];

  /** @throws Error when the hash of a client's secret is malformed */
  constructor(
    private readonly config: AuthConfig,
    private readonly issuer: TokenIssuer,
  ) {
    this.secrets = new ClientSecrets(config.clients);
  }

  /** Whether there is anything to issue and anybody to issue it to. */
  get available(): boolean {
    return this.issuer.available && this.config.clients.length > 0;
  }

  observe(observer: TokenObserver): void {
    this.observers.push(observer);
  }

  /** Answers a request; never throws for what the client did wrong. */
  async handle(request: TokenEndpointRequest): Promise<TokenEndpointResponse> {
    try {
      const body = await this.grant(request);
      return { status: 200, headers: NOT_STORED, body };
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      if (error.error === 'invalid_client')
        for (const observer of this.observers) observer.refused(error.message, request.origin);
      const body = { error: error.error, error_description: error.message };
      return { status: error.status, headers: { ...NOT_STORED, ...error.headers }, body };
    }
  }

  private grant({ body, authorization, origin }: TokenEndpointRequest): Promise<AccessToken> {
    const form = formFields(body);
    const grantType = form['grant_type'];
    if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing');
    if (grantType !== 'client_credentials')
      throw new OAuthError('unsupported_grant_type', 'grant_type: allowed: client_credentials');
    return this.clientCredentials({ ...credentialsOf(form, authorization), scope: form['scope'], origin });
  }

  /** A token for a configured client. @throws an error that {@link handle} turns into RFC 6749's */
  async clientCredentials(request: ClientCredentialsRequest): Promise<AccessToken> {
    if (!this.issuer.available)
      throw new OAuthError(
        'unauthorized_client',
        'this gateway issues no tokens: no secret to sign with is configured',
      );
    const genuine = await this.takingTurns(() =>
      this.secrets.matches(request.clientId, request.clientSecret),
    );
    const client = this.config.clients.find((one) => one.id === request.clientId);
    if (!client || !genuine) throw invalidClient('unknown client or wrong secret');
    const scope = grantedScope(client.scope, request.scope);
    const ttlMs = this.config.tokenTtl;
    const token = { sub: client.id, namespace: client.namespace as Namespace, scope, ttlMs };
    const accessToken = await this.issuer.issue(token);
    for (const observer of this.observers) observer.issued(client, scope, request.origin);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: Math.floor(ttlMs / 1000),
      scope,
    };
  }

  private async takingTurns<T>(check: () => Promise<T>): Promise<T> {
    if (this.checking >= MAX_CHECKS) {
      if (this.waiting.length >= MAX_WAITING)
        throw new OAuthError('temporarily_unavailable', 'too many token requests', 503, {
          'Retry-After': '1',
        });
      await new Promise<void>((turn) => this.waiting.push(turn));
    } else this.checking++;
    try {
      return await check();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.checking--;
    }
  }
}

/** The words asked for; without any, all that the client has. Each must lie within the client's rights. */
function grantedScope(allowed: string, asked: string | undefined): string {
  if (asked === undefined || asked.trim() === '') return allowed;
  const own = new Set<string>([...scopeWords(allowed), ...rightsOf(scopeWords(allowed))]);
  const words = scopeWords(asked);
  if (!words.every((word) => own.has(word)))
    throw new OAuthError('invalid_scope', `scope: allowed for this client: ${allowed || '(none)'}`);
  return words.join(' ');
}

/** Fields of the body; RFC 6749 §3.2: none may come twice, empty ones count as absent. */
function formFields(body: unknown): Partial<Record<string, string>> {
  if (!isObject(body))
    throw new OAuthError('invalid_request', 'body: allowed: application/x-www-form-urlencoded');
  const fields: Partial<Record<string, string>> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string')
      throw new OAuthError('invalid_request', 'every parameter must be one string');
    if (value !== '') fields[name] = value;
  }
  return fields;
}

/** RFC 6749 §2.3: by HTTP Basic or in the body, never both. */
function credentialsOf(
  form: Partial<Record<string, string>>,
  authorization: string | undefined,
): ClientCredentials {
  const { client_id: clientId, client_secret: clientSecret } = form;
  if (authorization === undefined) {
    if (clientId === undefined || clientSecret === undefined)
      throw invalidClient('credentials are missing: HTTP Basic, or client_id and client_secret');
    return { clientId, clientSecret };
  }
  if (clientSecret !== undefined) throw new OAuthError('invalid_request', 'client credentials in two places');
  const basic = basicCredentials(authorization);
  if (clientId !== undefined && clientId !== basic.clientId)
    throw new OAuthError('invalid_request', 'client_id differs from the Authorization header');
  return basic;
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined by a colon. */
function basicCredentials(authorization: string): ClientCredentials {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  const [clientId, ...secret] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':');
  if (!clientId || secret.length === 0) throw invalidClient('Authorization: allowed: Basic <credentials>');
  try {
    return { clientId: formDecode(clientId), clientSecret: formDecode(secret.join(':')) };
  } catch {
    throw invalidClient('Authorization: id and secret must be form-encoded');
  }
}

const formDecode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const invalidClient = (description: string): OAuthError =>
  new OAuthError('invalid_client', description, 401, { 'WWW-Authenticate': 'Basic realm="agent-gateway"' });
