import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  certificatePem,
  type ClientProfile,
  createAuthority,
  createClient,
  createCrl,
  createServer,
  type Identity,
  privateKeyPem,
  spiffeId,
  type Validity,
} from '../../src/cli/pki.js';

export const DAY = 24 * 60 * 60 * 1000;
export const TRUST_DOMAIN = 'test.example';

/** PEM texts as node:tls takes them. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** What a client certificate should be like; without anything: SPIFFE id of production/bot-1, valid now. */
export interface BotProfile extends Partial<ClientProfile> {
  readonly issuer?: Identity;
  readonly namespace?: string;
  readonly name?: string;
}

/** A certificate authority with an intermediate, a foreign authority, and everything they can issue, right or wrong. */
export class TestPki {
  private readonly folder = mkdtempSync(join(tmpdir(), 'agent-gateway-pki-'));
  private files = 0;

  private constructor(
    readonly now: number,
    /** The authority that the gateway trusts. */
    readonly root: Identity,
    /** Signed by {@link root}. */
    readonly intermediate: Identity,
    /** An authority that the gateway does not know. */
    readonly other: Identity,
  ) {}

  /** @param now everything is valid from a day before to a year after, unless asked otherwise */
  static async create(now = Date.now()): Promise<TestPki> {
    const validity = valid(now);
    const root = await createAuthority({ name: 'Test CA', ...validity });
    const intermediate = await createAuthority({ name: 'Test intermediate', issuer: root, ...validity });
    const other = await createAuthority({ name: 'Test CA', ...validity }); // the same name on purpose
    return new TestPki(now, root, intermediate, other);
  }

  bot({
    issuer = this.root,
    namespace = 'production',
    name = 'bot-1',
    ...rest
  }: BotProfile = {}): Promise<Identity> {
    return createClient(issuer, {
      subject: [{ CN: [name] }],
      names: [{ type: 'url', value: spiffeId(TRUST_DOMAIN, namespace, name) }],
      ...valid(this.now),
      ...rest,
    });
  }

  expiredBot(): Promise<Identity> {
    return this.bot({ from: new Date(this.now - 10 * DAY), to: new Date(this.now - DAY) });
  }

  futureBot(): Promise<Identity> {
    return this.bot({ from: new Date(this.now + DAY), to: new Date(this.now + 10 * DAY) });
  }

  server(): Promise<Identity> {
    return createServer(this.root, { dns: ['localhost'], ip: ['127.0.0.1', '::1'], ...valid(this.now) });
  }

  /** A revocation list, PEM. */
  crl(
    revoked: readonly Identity[],
    { issuer = this.root, nextUpdate = this.now + 30 * DAY } = {},
  ): Promise<string> {
    return createCrl(issuer, {
      entries: revoked.map(({ certificate }) => ({
        serial: certificate.serialNumber,
        at: new Date(this.now),
      })),
      thisUpdate: new Date(this.now - DAY),
      nextUpdate: new Date(nextUpdate),
    });
  }

  /** Says that the trusted authority issued it, but another key has signed. */
  forgedCrl(revoked: readonly Identity[]): Promise<string> {
    return this.crl(revoked, { issuer: { certificate: this.root.certificate, key: this.other.key } });
  }

  /** Writes a file of its own for this text. */
  file(text: string | Buffer, name = `${this.files++}.pem`): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Removes the files. */
  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const der = ({ certificate }: Identity): Buffer => Buffer.from(certificate.rawData);

export const pem = (...identities: Identity[]): string =>
  identities.map(({ certificate }) => certificatePem(certificate)).join('');

/** For node:tls; further certificates complete the chain. */
export async function credentials(identity: Identity, ...chain: Identity[]): Promise<Credentials> {
  return { cert: pem(identity, ...chain), key: await privateKeyPem(identity.key) };
}

const valid = (now: number): Validity => ({ from: new Date(now - DAY), to: new Date(now + 365 * DAY) });
