/** A timer that has been set. */
export interface Timer {
  /** Stops the timer; harmless after it has fired. */
  cancel(): void;
}

/** The only source of time of the engine; injected so that tests decide what time it is. */
export abstract class Clock {
  /** Milliseconds since 1970-01-01T00:00Z; never runs backwards within one process. */
  abstract now(): number;
  /** Calls `fire` once, `ms` milliseconds from now. */
  abstract after(ms: number, fire: () => void): Timer;
}

/** Milliseconds since the epoch as RFC 3339 in UTC, as every API of the gateway shows times. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
