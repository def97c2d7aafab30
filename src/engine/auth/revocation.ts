import type { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import QuickLRU from 'quick-lru';
import { BotsConfig } from '../../config/bots.config.js';
import { Clock, type Timer } from '../../core/clock.js';
import { isIssuedBy, normalSerial, readCertificates } from './certificate.js';
import { authorityKey, readRevocations, type Revocations } from './crl.js';

/** A revocation must cut live sockets within 5 s; this leaves 3 s for the rest. */
const POLL_EVERY = 2_000;
/** More links than any sensible chain has. */
const MAX_DEPTH = 10;
const BLIND =
  'bots come in by an intermediate authority whose own revocation cannot be seen; add its certificate to the CA file';

/** One step from a certificate to the authority that issued it. */
interface Link {
  /** {@link authorityKey} of the issuer. */
  readonly authority: string;
  readonly serial: string;
}

/** The steps from a certificate up to a configured authority that is its own issuer, as far as the certificates at hand reach. */
function issuancePath(
  leaf: X509Certificate,
  authorities: readonly X509Certificate[],
  sent: readonly X509Certificate[],
): { path: readonly Link[]; complete: boolean } {
  const known = [...authorities, ...sent.filter((one) => one.ca)];
  const path: Link[] = [];
  for (let subject = leaf; path.length < MAX_DEPTH;) {
    const issuer = known.find((authority) => isIssuedBy(subject, authority));
    if (!issuer) return { path, complete: false };
    path.push({ authority: authorityKey(issuer), serial: normalSerial(subject.serialNumber) });
    if (issuer.raw.equals(subject.raw)) return { path, complete: true };
    subject = issuer;
  }
  return { path, complete: false };
}

/** For health pages. */
export interface RevocationStatus {
  /** Whether a list is configured at all. */
  readonly configured: boolean;
  readonly entries: number;
  /** When the list is due to be replaced, milliseconds since the epoch. */
  readonly nextUpdate: number | undefined;
  /** What an operator must look at; empty: all well. */
  readonly alarms: readonly string[];
}

/**
 * Which client certificates have been revoked. The list is a file that is looked at every 2 s. It is asked on every connect,
 * because TLS session resumption skips the certificate checks; and TLS itself must not be given the list, because there an
 * expired list locks every bot out. Here an old list raises an alarm and goes on counting.
 */
@Injectable()
export class RevocationList implements OnModuleInit, OnModuleDestroy {
  private readonly log = new Logger('Auth');
  private readonly listeners = new Set<() => void>();
  private readonly raised = new Set<string>();
  private readonly paths = new QuickLRU<string, readonly Link[]>({ maxSize: 20_000 });
  private authorities: readonly X509Certificate[] = [];
  private current: Revocations = { revoked: new Map(), nextUpdate: undefined, entries: 0 };
  private seen: string | undefined;
  private broken: string | undefined;
  private blind = false;
  private reading: Promise<void> | undefined;
  private timer: Timer | undefined;

  constructor(
    private readonly bots: BotsConfig,
    private readonly clock: Clock,
  ) {}

  /** Reads authorities and list. @throws Error naming the file: the gateway does not start with a list it cannot trust */
  async onModuleInit(): Promise<void> {
    if (this.bots.tlsCa !== undefined) this.authorities = readCertificates(this.bots.tlsCa);
    if (this.bots.tlsCrl === undefined) return;
    await this.start(this.bots.tlsCrl);
    this.report();
    this.poll(this.bots.tlsCrl);
  }

  private async start(file: string): Promise<void> {
    try {
      this.seen = await signature(file);
      this.current = await this.load(file);
    } catch (error) {
      throw new Error(`${file}: ${reason(error)}`, { cause: error });
    }
  }

  onModuleDestroy(): void {
    this.timer?.cancel();
  }

  /**
   * Whether a certificate, or an authority between it and the root, has been revoked.
   * @param chain leaf first. The rest may be missing, and mostly is: a resumed session has only the leaf, and so have servers on
   *   Node 24.21 (nodejs/node#65579). Intermediates are therefore looked up in the CA file first.
   */
  isRevoked(chain: readonly X509Certificate[]): boolean {
    const [leaf] = chain;
    if (!leaf || this.bots.tlsCrl === undefined) return false;
    return this.pathOf(leaf, chain).some(({ authority, serial }) =>
      this.current.revoked.get(authority)?.has(serial),
    );
  }

  /** Known paths are kept: signatures are costly, and after a change of the list all live sockets are asked about at once. */
  private pathOf(leaf: X509Certificate, chain: readonly X509Certificate[]): readonly Link[] {
    const known = this.paths.get(leaf.fingerprint256);
    if (known) return known;
    const { path, complete } = issuancePath(leaf, this.authorities, chain.slice(1));
    if (complete) this.paths.set(leaf.fingerprint256, path);
    else this.setBlind();
    return path;
  }

  /** Calls `listener` after every change of the list, so that sockets of revoked bots can be cut. @returns stops that */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  status(): RevocationStatus {
    return {
      configured: this.bots.tlsCrl !== undefined,
      entries: this.current.entries,
      nextUpdate: this.current.nextUpdate,
      alarms: this.alarms(),
    };
  }

  /** Resolves when no look at the file is under way. */
  async settled(): Promise<void> {
    await this.reading;
  }

  /** TLS vouches for the chain, but whether the intermediate in it is revoked cannot be seen: let in, under alarm. */
  private setBlind(): void {
    if (this.blind) return;
    this.blind = true;
    this.report();
  }

  private poll(file: string): void {
    this.timer = this.clock.after(POLL_EVERY, () => {
      this.poll(file);
      this.reading ??= this.refresh(file).finally(() => (this.reading = undefined));
    });
  }

  private async refresh(file: string): Promise<void> {
    try {
      await this.reload(file);
      this.broken = undefined;
    } catch (error) {
      this.broken = reason(error);
    }
    this.report();
  }

  private async reload(file: string): Promise<void> {
    const found = await signature(file);
    if (found === this.seen) return;
    this.current = await this.load(file);
    this.seen = found; // only now: a file caught half-written is read again at the next look
    this.log.log(`revocation list read, ${this.current.entries} entries`);
    for (const listener of this.listeners) this.tell(listener);
  }

  private tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.log.error(`a listener failed: ${reason(error)}`); // the others must hear of it all the same
    }
  }

  private async load(file: string): Promise<Revocations> {
    return readRevocations(await readFile(file), this.authorities);
  }

  private alarms(): string[] {
    const { nextUpdate } = this.current;
    const old = nextUpdate !== undefined && nextUpdate <= this.clock.now();
    return [
      ...(old ? ['the revocation list has expired; it is still applied, replace it'] : []),
      ...(this.blind ? [BLIND] : []),
      ...(this.broken === undefined
        ? []
        : [`the new revocation list is not used, the last good one is: ${this.broken}`]),
    ];
  }

  /** Logs each alarm once, until it has gone and come again. */
  private report(): void {
    const now = this.alarms();
    for (const alarm of now) if (!this.raised.has(alarm)) this.log.error(alarm);
    this.raised.clear();
    for (const alarm of now) this.raised.add(alarm);
  }
}

/** Why something failed, without paths: alarms are shown on health pages. */
function reason(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? `file not readable (${code})` : String(message);
}

/** Changes whenever the file does, by a write or by a swapped link. */
async function signature(file: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(':');
}
