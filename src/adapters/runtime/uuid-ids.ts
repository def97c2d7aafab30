import { randomFillSync, randomUUID } from 'node:crypto';
import { Clock } from '../../core/clock.js';
import { IdSource, type TaskId } from '../../core/ids.js';

const POOL_BYTES = 8192;
const RANDOM_BYTES = 8;
const DASHES = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/**
 * Ids of tasks and deliveries are UUIDv7 in hex (RFC 9562 §5.7): 48 bits of time, a counter within the millisecond, 62 random bits.
 * Time-ordered ids keep the store's inserts at the right edge of its trees, so their cost does not grow with what is stored.
 */
export class UuidIdSource extends IdSource {
  private readonly pool = Buffer.alloc(POOL_BYTES);
  private used = POOL_BYTES;
  private lastMs = 0;
  private counter = 0;

  constructor(private readonly clock: Clock) {
    super();
  }

  override taskId(): TaskId {
    return `t-${this.next()}` as TaskId;
  }

  override deliveryId(): string {
    return `d-${this.next()}`;
  }

  override uuid(): string {
    return randomUUID();
  }

  override timeOrderedUuid(): string {
    return this.next().replace(DASHES, '$1-$2-$3-$4-$5');
  }

  /** 32 hex digits: time, version and counter, variant and random bits. */
  private next(): string {
    this.tick();
    const time = this.lastMs.toString(16).padStart(12, '0');
    const counter = this.counter.toString(16).padStart(3, '0');
    return `${time}7${counter}${this.random()}`;
  }

  /** A new millisecond starts the counter again; 4,096 ids within one borrow the next. */
  private tick(): void {
    const now = Math.floor(this.clock.now());
    if (now > this.lastMs) {
      this.lastMs = now;
      this.counter = 0;
    } else if (++this.counter > 0xfff) {
      this.lastMs++;
      this.counter = 0;
    }
  }

  /** 16 hex digits: the two variant bits and 62 random ones. */
  private random(): string {
    if (this.used + RANDOM_BYTES > POOL_BYTES) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    const start = this.used;
    this.used += RANDOM_BYTES;
    this.pool[start] = (this.pool[start]! & 0x3f) | 0x80;
    return this.pool.toString('hex', start, this.used);
  }
}
