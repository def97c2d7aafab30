import { OutgoingError } from '../../../core/outgoing-http.js';
import { RemoteBusy } from './remote-fetch.js';

const MAX_WORDS = 500;
const METHOD_NOT_FOUND = -32601;
const NOT_IMPLEMENTED = 501;
/** Statuses of gRPC. */
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

/** Names of the SDK's errors differ by binding (`RestTaskNotFoundError`, …); their reasons do not. */
const reasonOf = (error: unknown): unknown => (error as { reason?: unknown } | undefined)?.reason;

function grpcStatusOf(error: unknown): unknown {
  const { transport, status } = (error ?? {}) as { transport?: unknown; status?: unknown };
  return transport === 'grpc' ? status : undefined;
}

/** 0.3's gRPC has statuses, but no reasons. */
export const isTaskNotFound = (error: unknown): boolean =>
  reasonOf(error) === 'TASK_NOT_FOUND' || grpcStatusOf(error) === NOT_FOUND;

/** The agent does not know this method at all, so nothing has happened. */
export function isUnsupported(error: unknown): boolean {
  const { envelopeCode, statusCode } = (error ?? {}) as { envelopeCode?: unknown; statusCode?: unknown };
  return (
    envelopeCode === METHOD_NOT_FOUND ||
    statusCode === NOT_IMPLEMENTED ||
    grpcStatusOf(error) === UNIMPLEMENTED ||
    messageOf(error).includes('Method not found')
  );
}

/** Over gRPC: there was no answer. */
export const isUnavailable = (error: unknown): boolean => grpcStatusOf(error) === UNAVAILABLE;

/** The message has certainly not arrived: it may be sent again. */
export const isUnsent = (error: unknown): boolean =>
  error instanceof RemoteBusy ||
  (error instanceof OutgoingError && error.kind === 'connect') ||
  (isUnavailable(error) && messageOf(error).includes('No connection established'));

/** The agent was not reached, is broken, or what came was no A2A: this says nothing about the task. */
export const isTransport = (error: unknown): boolean =>
  error instanceof RemoteBusy ||
  error instanceof OutgoingError ||
  reasonOf(error) === undefined ||
  (reasonOf(error) === 'INTERNAL_ERROR' && !isTaskNotFound(error));

/** An error in words for the caller of the task. */
export const wordsOf = (error: unknown): string => {
  const text = messageOf(error).replaceAll(/\s+/g, ' ').trim();
  return text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS - 3)}...` : text;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
