import { Injectable } from '@nestjs/common';
import type { DataPoint, Quality } from '../../core/data-point.js';
import type { Namespace } from '../../core/ids.js';
import { TelemetryStore } from './telemetry.store.js';

/** Points at hand for readers that keep up. */
const TAIL = 4096;
/** Points that a reader takes from the store at once. */
const PAGE = 256;

/** Which points a reader wants. */
export interface FeedFilter {
  readonly namespace: Namespace;
  readonly deviceId?: string | undefined;
  readonly sensorId?: string | undefined;
  readonly quality?: Quality | undefined;
}

/**
 * What arrives, for those who watch. Readers pull: each holds a position and nothing else. The newest points are at hand
 * while somebody watches; whoever is further behind reads what is stored.
 */
@Injectable()
export class TelemetryFeed {
  private readonly wakers = new Set<() => void>();
  private tail: DataPoint[] = [];
  /** Everything that arrived after this number is in the tail. */
  private tailAfter = 0;
  private last = 0;

  constructor(private readonly store: TelemetryStore) {}

  /** The number of the last point that arrived before the start. */
  startAt(seq: number): void {
    this.last = this.tailAfter = seq;
  }

  /** Tells of points that are on disk, in their order. */
  publish(points: readonly DataPoint[]): void {
    this.last = points.at(-1)?.seq ?? this.last;
    if (this.wakers.size === 0) this.forget();
    else this.keep(points);
    for (const wake of this.wakers) wake();
  }

  /**
   * What arrives after `after` (undefined: from now on), without gap or repetition, until `signal` aborts.
   */
  async *watch(
    filter: FeedFilter,
    after: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<DataPoint, void, void> {
    const waiting = new Waiting(signal);
    this.wakers.add(waiting.wake);
    try {
      for (let position = after ?? this.last; !signal.aborted;) {
        const next =
          position < this.tailAfter ? await this.stored(filter, position) : this.atHand(filter, position);
        yield* next.points;
        position = next.position;
        if (next.points.length === 0 && position >= this.last) await waiting.next();
      }
    } finally {
      this.wakers.delete(waiting.wake);
      if (this.wakers.size === 0) this.forget();
    }
  }

  /** Who watches. */
  get readers(): number {
    return this.wakers.size;
  }

  private keep(points: readonly DataPoint[]): void {
    this.tail.push(...points);
    if (this.tail.length <= 2 * TAIL) return;
    const dropped = this.tail.length - TAIL;
    this.tailAfter = this.tail[dropped - 1]!.seq;
    this.tail = this.tail.slice(dropped);
  }

  private forget(): void {
    this.tail = [];
    this.tailAfter = this.last;
  }

  private atHand(filter: FeedFilter, position: number): Stretch {
    const newer = this.tail.slice(firstAfter(this.tail, position));
    return {
      points: newer.filter((point) => matches(filter, point)),
      position: Math.max(position, this.last),
    };
  }

  /** All that was published before the look is stored: whoever has seen the end of it is as far as that. */
  private async stored({ namespace, ...filter }: FeedFilter, position: number): Promise<Stretch> {
    const published = this.last;
    const { points, isFull } = await this.store.arrivedAfter(namespace, position, filter, PAGE);
    const reached = points.at(-1)?.seq ?? position;
    return { points, position: isFull ? reached : Math.max(reached, published) };
  }
}

interface Stretch {
  readonly points: readonly DataPoint[];
  readonly position: number;
}

/** A reader that may be waiting for more. */
class Waiting {
  private woken = false;
  private resume: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', this.wake);
  }

  readonly wake = (): void => {
    this.woken = true;
    this.resume?.();
  };

  /** Resolves at the next wake, or at once after one that nobody has waited for. */
  async next(): Promise<void> {
    if (!this.woken) await new Promise<void>((resolve) => (this.resume = resolve));
    this.woken = false;
    this.resume = undefined;
  }
}

function matches({ namespace, deviceId, sensorId, quality }: FeedFilter, point: DataPoint): boolean {
  return (
    point.namespace === namespace &&
    (deviceId === undefined || point.deviceId === deviceId) &&
    (sensorId === undefined || point.sensorId === sensorId) &&
    (quality === undefined || point.quality === quality)
  );
}

/** Index of the first point after a position, in points in order of arrival. */
function firstAfter(points: readonly DataPoint[], position: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.seq <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
