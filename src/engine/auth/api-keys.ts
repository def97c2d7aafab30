import { Injectable } from '@nestjs/common';
import QuickLRU from 'quick-lru';
import { Clock } from '../../core/clock.js';
import { GatewayError, invalid } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, type AgentName, type Namespace } from '../../core/ids.js';
import type { Principal, Right } from '../../core/principal.js';
import { hashOfSecret, keyParts, newKey, principalOfKey, provesKey } from './api-key.js';
import { ApiKeyStore, type ApiKeyRecord } from './api-key.store.js';
import { Policy } from './policy.js';
import { unauthenticated } from './refusal.js';
import { DEFAULT_RIGHTS, rightsOf } from './rights.js';

/** Keys of one namespace. */
const MAX_KEYS = 1_000;
const CACHED_KEYS = 10_000;
/** The use of a key is noted at most this often, in milliseconds. */
const TOUCH_EVERY = 60 * 60 * 1000;

/** What a new key shall be good for. */
export interface NewApiKey {
  readonly name: string;
  readonly namespace?: Namespace | undefined;
  /** Absent: those of a token without scope. */
  readonly rights?: readonly Right[] | undefined;
  readonly agent?: AgentName | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
}

interface Known {
  readonly record: ApiKeyRecord;
  readonly principal: Principal;
  touchedAt: number;
}

/** Told of every change, when it is on disk; the change is answered when all that it is told to are through. */
export type ApiKeyListener = (
  caller: Principal,
  change: 'create' | 'revoke',
  key: ApiKeyRecord,
) => Promise<void>;

/** API keys of agents and callers: made and withdrawn by admins, shown once, kept as hashes. */
@Injectable()
export class ApiKeys {
  private readonly known = new QuickLRU<string, Known>({ maxSize: CACHED_KEYS });
  /** Withdrawn by this process: what they have opened is closed. */
  private readonly withdrawn = new Set<string>();
  private readonly withdrawalListeners: (() => void)[] = [];
  private readonly changeListeners: ApiKeyListener[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly policy: Policy,
    private readonly store: ApiKeyStore,
  ) {}

  /**
   * Makes a key; resolves when it is on disk. `key` is shown here and never again.
   * @throws GatewayError FORBIDDEN, INVALID, CONFLICT (too many keys), STORAGE_UNAVAILABLE
   */
  async create(caller: Principal, wanted: NewApiKey): Promise<{ key: string; record: ApiKeyRecord }> {
    this.policy.requireRight(caller, 'admin');
    const namespace = this.policy.namespaceFor(caller, wanted.namespace) ?? DEFAULT_NAMESPACE;
    const now = this.clock.now();
    checkWanted(wanted, now);
    if ((await this.store.list(namespace)).length >= MAX_KEYS)
      throw new GatewayError('CONFLICT', `api keys: this namespace has ${MAX_KEYS}, allowed: ${MAX_KEYS}`);
    const { id, secret, key } = newKey();
    const record: ApiKeyRecord = {
      id,
      name: wanted.name,
      namespace,
      agent: wanted.agent ?? null,
      rights: [...(wanted.rights ? rightsOf(wanted.rights) : DEFAULT_RIGHTS)],
      hash: hashOfSecret(secret),
      createdBy: caller.id,
      createdAt: now,
      expiresAt: wanted.expiresAt ?? null,
      lastUsedAt: null,
    };
    await this.store.insert(record);
    await this.tell(caller, 'create', record);
    return { key, record };
  }

  /** The keys of the caller's namespace. @throws GatewayError FORBIDDEN */
  list(caller: Principal): Promise<readonly ApiKeyRecord[]> {
    this.policy.requireRight(caller, 'admin');
    return this.store.list(caller.namespace);
  }

  /**
   * Withdraws a key; resolves when that is on disk. It counts for nothing from then on, and what it has open is closed.
   * @throws GatewayError FORBIDDEN, NOT_FOUND (also for a key of another namespace), STORAGE_UNAVAILABLE
   */
  async revoke(caller: Principal, id: string): Promise<void> {
    this.policy.requireRight(caller, 'admin');
    const record = await this.store.get(id);
    if (!record || !this.policy.mayReach(caller, record.namespace, id)) throw notFound();
    await this.store.delete(id).catch((error: unknown) => {
      throw error instanceof GatewayError && error.code === 'CONFLICT' ? notFound() : error;
    });
    this.withdrawn.add(id);
    this.known.delete(id);
    for (const listener of this.withdrawalListeners) listener();
    await this.tell(caller, 'revoke', record);
  }

  /**
   * The caller that a key speaks for.
   * @throws GatewayError UNAUTHENTICATED, in the same words for an unknown, a withdrawn and a wrong one
   */
  async verify(key: string): Promise<Principal> {
    const parts = keyParts(key);
    const known = parts && (await this.find(parts.id));
    if (!known || !provesKey(parts.secret, known.record))
      throw unauthenticated('API key: unknown or revoked');
    const now = this.clock.now();
    const { expiresAt } = known.record;
    if (expiresAt !== null && expiresAt <= now) throw unauthenticated('API key: expired');
    this.touch(known, now);
    return known.principal;
  }

  /** Whether the key behind a caller has been withdrawn since it was verified. */
  isWithdrawn({ credential }: Principal): boolean {
    return credential !== undefined && this.withdrawn.has(credential);
  }

  /** Calls `listener` when a key has been withdrawn: ask {@link isWithdrawn} for what is open then. */
  onWithdrawal(listener: () => void): void {
    this.withdrawalListeners.push(listener);
  }

  onChange(listener: ApiKeyListener): void {
    this.changeListeners.push(listener);
  }

  private async tell(...change: Parameters<ApiKeyListener>): Promise<void> {
    await Promise.all(this.changeListeners.map((listener) => listener(...change)));
  }

  private async find(id: string): Promise<Known | undefined> {
    const cached = this.known.get(id);
    if (cached) return cached;
    const record = await this.store.get(id);
    if (!record || this.withdrawn.has(id)) return undefined;
    const known = { record, principal: principalOfKey(record), touchedAt: record.lastUsedAt ?? 0 };
    this.known.set(id, known);
    return known;
  }

  /** Nobody waits for it, and a storage that is down costs nothing but the note. */
  private touch(known: Known, now: number): void {
    if (now - known.touchedAt < TOUCH_EVERY) return;
    known.touchedAt = now;
    this.store.touch(known.record.id, now).catch(() => undefined);
  }
}

function checkWanted({ rights, agent, expiresAt }: NewApiKey, now: number): void {
  if (rights?.length === 0 && agent === undefined)
    throw invalid('rights', rights, 'at least one right, or an agent that the key may register');
  if (expiresAt !== undefined && expiresAt <= now) throw invalid('expires_at', expiresAt, 'a time to come');
}

const notFound = (): GatewayError => new GatewayError('NOT_FOUND', 'api key: there is no such key');
