import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocketServer, type WebSocket } from 'ws';
import type { BotsConfig } from '../../config/bots.config.js';
import { GatewayError } from '../../core/errors.js';
import type { Origin, Principal } from '../../core/principal.js';
import { AuthService, credentialsOf } from '../../engine/auth/auth.service.js';
import { peerCertificate, type PeerCertificate } from '../../engine/auth/certificate.js';
import { requestLine } from '../../engine/auth/request-origin.js';
import { BotContext } from './bot-context.js';
import { BOT_PATH } from './bot.wire.js';
import { refuseUpgrade } from './refuse-upgrade.js';

/** Sockets that have not registered yet; more are refused. */
const MAX_UNREGISTERED = 2000;
/** Time that sockets get to close at shutdown, in milliseconds. */
const DRAIN_MS = 500;

/** Time for the TLS handshake, and then for the upgrade request. */
const HEADERS_MS = 10_000;
/** How often Node looks for connections over that time; its own default is 30 s. */
const CHECK_MS = 1_000;

/** Who has connected, as judged at the upgrade. */
export interface BotPeer {
  readonly principal: Principal;
  readonly certificate: PeerCertificate | undefined;
}

/**
 * Nest's WebSocket adapter for the bot listener: a port of its own, TLS where configured, credentials judged at the HTTP
 * upgrade (never a 101 without), opened last and closed with 1012.
 */
export class BotListener extends WsAdapter {
  private readonly sockets: WebSocketServer;
  private readonly server: Server;
  private readonly auth: AuthService;
  private readonly context: BotContext;

  /** @param answer what the port answers to plain HTTP requests (health) */
  constructor(
    app: INestApplicationContext,
    private readonly config: BotsConfig,
    answer: RequestListener,
  ) {
    super(app);
    this.auth = app.get(AuthService);
    this.context = app.get(BotContext);
    this.sockets = new WebSocketServer({
      noServer: true,
      maxPayload: config.maxFrame,
      perMessageDeflate: false,
      clientTracking: false,
    });
    this.server = newServer(config, answer);
    this.server.on(
      'upgrade',
      (req: IncomingMessage, socket: Duplex, head: Buffer) => void this.upgrade(req, socket, head),
    );
  }

  /** Opens the port. @throws Error when it is taken */
  async listen(): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.config.port, this.config.host, resolve);
    });
    return this.server.address() as AddressInfo;
  }

  /** Nest asks for a server per gateway; ours has one. */
  override create(): WebSocketServer {
    return this.sockets;
  }

  /** Frames go to the bot's session, not to Nest's message handlers. */
  override bindMessageHandlers(): void {
    // Nothing to bind.
  }

  override bindClientDisconnect(): void {
    // The session listens itself.
  }

  override async close(): Promise<void> {
    for (const session of this.context.open()) session.close('shutdown');
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const cut = setTimeout(() => this.server.closeAllConnections(), DRAIN_MS);
    this.server.closeIdleConnections();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2 * DRAIN_MS).unref())]);
    clearTimeout(cut);
  }

  private async upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const drop = () => socket.destroy();
    socket.on('error', drop);
    const origin = originOf(req);
    try {
      this.checkRequest(req);
      const certificate = socket instanceof TLSSocket ? peerCertificate(socket) : undefined;
      const principal = await this.identify(req, certificate, origin);
      if (socket.destroyed) return;
      socket.off('error', drop);
      const peer: BotPeer = {
        principal,
        certificate: this.config.tlsCrl === undefined ? undefined : certificate,
      };
      this.sockets.handleUpgrade(req, socket, head, (ws: WebSocket) =>
        this.sockets.emit('connection', ws, peer),
      );
    } catch (error) {
      refuseUpgrade(socket, error, origin.requestId);
    }
  }

  private async identify(
    req: IncomingMessage,
    certificate: PeerCertificate | undefined,
    origin: Origin,
  ): Promise<Principal> {
    try {
      const credentials = { ...credentialsOf(req.headers), certificate };
      return { ...(await this.auth.authenticateBot(credentials)), origin };
    } catch (error) {
      this.auth.refused(error, origin);
      throw error;
    }
  }

  private checkRequest(req: IncomingMessage): void {
    const [path, query = ''] = (req.url ?? '').split('?');
    if (path !== BOT_PATH) throw new GatewayError('NOT_FOUND', `bots connect to ${BOT_PATH}`);
    const { searchParams } = new URL(`ws://bots/?${query}`);
    for (const name of ['token', 'access_token'])
      if (searchParams.has(name))
        throw new GatewayError('INVALID', `${name}: tokens go into the Authorization header`);
    if (this.context.unregistered >= MAX_UNREGISTERED)
      throw new GatewayError('OVERLOADED', 'too many sockets that have not registered', { retryAfterS: 5 });
  }
}

/** Bots send no request id, so they get one. */
const originOf = ({ method = '', url = '', socket }: IncomingMessage) => ({
  requestId: randomUUID(),
  address: socket.remoteAddress ?? null,
  request: requestLine(method, url),
  noted: false,
});

function newServer(config: BotsConfig, answer: RequestListener): Server {
  const limits = {
    headersTimeout: HEADERS_MS,
    requestTimeout: HEADERS_MS,
    connectionsCheckingInterval: CHECK_MS,
    maxHeaderSize: 16_384,
  };
  const { tlsCert, tlsKey, tlsCa } = config;
  if (tlsCert === undefined || tlsKey === undefined) return createServer(limits, answer);
  const mutual =
    tlsCa === undefined ? {} : { ca: readFileSync(tlsCa), requestCert: true, rejectUnauthorized: true };
  const identity = { cert: readFileSync(tlsCert), key: readFileSync(tlsKey), minVersion: 'TLSv1.2' as const };
  return createTlsServer({ ...limits, ...identity, ...mutual, handshakeTimeout: HEADERS_MS }, answer);
}
