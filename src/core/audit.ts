import type { Namespace } from './ids.js';

/** `failed`: it was let in and could not be done after all. */
export const OUTCOMES = ['ok', 'denied', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What an entry says. Null: not known, or there is none. */
export interface AuditFields {
  /** Milliseconds since the epoch; never before that of the entry before. */
  readonly at: number;
  /** Principal; null: somebody who has not shown who he is. */
  readonly actor: string | null;
  /** The one credential he used, where it has a name: the id of an API key. */
  readonly credential: string | null;
  /** A word such as `task.submit`, or the route. */
  readonly action: string;
  /** What it was about: an id, a name, or what was asked. */
  readonly object: string | null;
  readonly outcome: Outcome;
  readonly requestId: string | null;
  readonly address: string | null;
  readonly detail: string | null;
  /** How often; more than 1 where refusals of a kind are told together. */
  readonly count: number;
}

/** One namespace's entries form one chain; null: what belongs to no namespace. */
export type Chain = Namespace | null;

/** An entry in its place. */
export interface AuditEntry extends AuditFields {
  readonly chain: Chain;
  /** Dense within the chain, from 1. */
  readonly seq: number;
  /** Of the entry before and of this one. */
  readonly hash: string;
}

/** The end of a chain, or where it begins after a purge. */
export interface ChainEnd {
  readonly seq: number;
  readonly at: number;
  readonly hash: string;
}

/** What comes before the first entry of all. */
export const GENESIS: ChainEnd = { seq: 0, at: 0, hash: '' };

/** What has happened, to be put in its place. */
export interface AuditEvent extends Omit<AuditFields, 'at' | 'count'> {
  readonly chain: Chain;
}
