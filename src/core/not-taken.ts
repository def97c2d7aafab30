import { GatewayError } from './errors.js';

export interface NotTakenDetails {
  /** Status of its answer; absent: there was none. */
  readonly status?: number | undefined;
  /** It asks to be left alone for so long, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Trying again is useless: the address is forbidden, or the endpoint is gone. */
  readonly final?: boolean | undefined;
  /** It answers, it only does not take this. */
  readonly alive?: boolean | undefined;
  readonly cause?: unknown;
}

/** An agent has not taken what it was sent; the message says why and may be shown. */
export class NotTaken extends GatewayError {
  constructor(
    message: string,
    readonly details: NotTakenDetails = {},
  ) {
    super('UPSTREAM', message, { cause: details.cause });
    this.name = 'NotTaken';
  }
}
