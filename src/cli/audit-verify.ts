import { readFileSync } from 'node:fs';
import type { Chain, ChainEnd } from '../core/audit.js';
import type { StoredEntry } from '../engine/audit/audit.store.js';
import { ChainVerifier, type ChainFault } from '../engine/audit/verify-chain.js';
import { beginningOf, chainsOfDatabase, entriesOfExport, type ChainSource } from './audit-file.js';
import { CommandFailed } from './exit-codes.js';

/** The end of a chain that was verified at some time, kept where nobody could change it. */
export interface Anchor {
  readonly namespace: Chain;
  readonly seq: number;
  readonly hash: string;
}

/** What has come out for one chain. */
export interface Verdict extends Anchor {
  readonly entries: number;
  /** The first sequence that is there. */
  readonly from: number;
  readonly fault?: ChainFault;
}

/** Verifies every chain of a database. */
export async function verifyDatabase(file: string, anchors: readonly Anchor[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const source of chainsOfDatabase(file)) verdicts.push(await verify(source, anchors));
  return [...verdicts, ...missing(verdicts, anchors)];
}

/** Verifies an export: one chain, from its first line on. */
export async function verifyExport(file: string, anchors: readonly Anchor[]): Promise<Verdict[]> {
  const entries = entriesOfExport(file);
  const next = await entries.next();
  if (next.done) throw new CommandFailed(`${file}: there is no entry in it`);
  const first = next.value;
  const source = { chain: first.chain, beginning: beginningOf(first), entries: startingWith(first, entries) };
  return [await verify(source, anchors)];
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function verify({ chain, beginning, entries }: ChainSource, all: readonly Anchor[]): Promise<Verdict> {
  const anchors = all.filter(({ namespace }) => namespace === chain);
  const verifier = new ChainVerifier(chain, beginning);
  let fault = beginning && differs(anchors, { ...beginning, chain });
  let from = (beginning?.seq ?? 0) + 1;
  for await (const entry of entries) {
    if (fault) break;
    if (verifier.verified === 0) ({ seq: from } = entry);
    fault = entry.chain === chain ? (verifier.next(entry) ?? differs(anchors, entry)) : foreign(chain, entry);
  }
  const { head, verified } = verifier;
  fault ??= cutOff(chain, anchors, head);
  const { seq, hash } = head;
  return { namespace: chain, seq, hash, entries: verified, from, ...(fault && { fault }) };
}

/** A whole history can be made up anew; what somebody has kept elsewhere cannot. */
function differs(
  anchors: readonly Anchor[],
  { chain, seq, hash }: Pick<StoredEntry, 'chain' | 'seq' | 'hash'>,
): ChainFault | undefined {
  const other = anchors.find((anchor) => anchor.seq === seq && anchor.hash !== hash);
  return other && { chain, seq, fault: 'its hash is not that of the anchor: the log was written anew' };
}

function cutOff(chain: Chain, anchors: readonly Anchor[], { seq }: ChainEnd): ChainFault | undefined {
  const beyond = anchors.find((anchor) => anchor.seq > seq);
  return beyond && { chain, seq, fault: `the log ends here, and went to ${beyond.seq}: its end was cut off` };
}

const foreign = (chain: Chain, { seq, chain: other }: StoredEntry): ChainFault => ({
  chain,
  seq,
  fault: `it is of another log, ${String(other)}`,
});

/** Chains that are not there any more. */
const missing = (found: readonly Verdict[], anchors: readonly Anchor[]): Verdict[] =>
  anchors
    .filter(({ namespace, seq }) => seq > 0 && !found.some((verdict) => verdict.namespace === namespace))
    .map(({ namespace, seq }) => ({
      ...{ namespace, seq: 0, hash: '', entries: 0, from: 1 },
      fault: { chain: namespace, seq: 0, fault: `the whole log is missing, it went to ${seq}` },
    }));

/** What `verify --json` has printed some time ago. @throws CommandFailed */
export function readAnchors(file: string): Anchor[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Anchor);
  } catch (error) {
    throw new CommandFailed(`--anchor: ${file} cannot be read: ${String(error)}`);
  }
}
