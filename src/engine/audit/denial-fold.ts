import type { AuditEvent } from '../../core/audit.js';
import type { Clock, Timer } from '../../core/clock.js';

/** Milliseconds within which refusals are told together. */
const WINDOW = 10_000;
/** Refusals of one caller within a window that are told one by one, if they are about different things. */
const MAX_OBJECTS = 20;
/** Callers who are told apart within a window. */
const MAX_CALLERS = 1_000;

/** The refusals of one caller within a window. */
interface Refused {
  /** About what they were told at once. */
  readonly objects: Set<string | null>;
  /** Those that are not told yet: the newest, and how many. */
  rest: AuditEvent | undefined;
  count: number;
}

/**
 * Refusals by the thousand must not fill the log. The first about each thing is told at once; those that repeat it, and those
 * beyond a limit, when the window ends, as one with their number.
 */
export class DenialFold {
  private callers = new Map<string, Refused>();
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (event: AuditEvent, count: number) => void,
  ) {}

  add(event: AuditEvent): void {
    this.timer ??= this.clock.after(WINDOW, () => this.flush());
    const { chain, actor, address, action } = event;
    const key = `${chain}\n${actor}\n${address}\n${action}`;
    if (this.callers.has(key) || this.callers.size < MAX_CALLERS) return this.addTo(key, event);
    // The callers beyond the limit are one.
    this.addTo(`${chain}\n${action}`, { ...event, ...SOMEBODY });
  }

  /** Tells what is left, and begins anew. */
  flush(): void {
    this.timer?.cancel();
    this.timer = undefined;
    const { callers } = this;
    this.callers = new Map();
    for (const { rest, count } of callers.values()) if (rest) this.tell(rest, count);
  }

  private addTo(key: string, event: AuditEvent): void {
    const refused = this.callers.get(key) ?? { objects: new Set(), rest: undefined, count: 0 };
    this.callers.set(key, refused);
    if (refused.objects.size < MAX_OBJECTS && !refused.objects.has(event.object)) {
      refused.objects.add(event.object);
      return this.tell(event, 1);
    }
    const isOther = refused.rest !== undefined && refused.rest.object !== event.object;
    refused.rest = isOther ? { ...event, object: null, detail: 'of several' } : event;
    refused.count++;
  }
}

const SOMEBODY = { actor: null, credential: null, object: null, requestId: null, address: null };
