import { OutgoingError, type OutgoingFailure } from '../../core/outgoing-http.js';

/** What undici, Node's sockets and TLS call their failures; everything else is `protocol`. */
const KINDS: Readonly<Record<string, OutgoingFailure>> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  UND_ERR_ABORTED: 'aborted',
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  EHOSTDOWN: 'connect',
  ENETUNREACH: 'connect',
  EADDRNOTAVAIL: 'connect',
  ENOTFOUND: 'connect',
  EAI_AGAIN: 'connect',
};

/** Certificates that do not convince: nothing has been sent. */
const TLS = /^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/** Any failure of a call as the port tells it; the original stays the cause. */
export function toOutgoingError(error: unknown): OutgoingError {
  const own = chain(error).find((link) => link instanceof OutgoingError);
  if (own) return own;
  const code =
    chain(error)
      .map(codeOf)
      .find((found) => found !== undefined) ?? '';
  const kind = KINDS[code] ?? (TLS.test(code) ? 'connect' : 'protocol');
  return new OutgoingError(kind, `${WORDS[kind]}${code === '' ? '' : ` (${code})`}`, { cause: error });
}

const WORDS: Record<OutgoingFailure, string> = {
  refused: 'the address is not allowed',
  connect: 'no connection',
  timeout: 'no connection in time',
  too_large: 'the answer is too large',
  aborted: 'the call was given up',
  protocol: 'the connection broke or did not speak HTTP',
};

/** An error, what caused it, and what it is made of (several addresses tried in vain). */
function chain(error: unknown, depth = 4): unknown[] {
  if (typeof error !== 'object' || error === null || depth === 0) return [];
  const { errors, cause } = error as { errors?: unknown; cause?: unknown };
  const parts: unknown[] = Array.isArray(errors) ? errors : [];
  return [error, ...[...parts, cause].flatMap((next) => chain(next, depth - 1))];
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
