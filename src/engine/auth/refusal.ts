import { GatewayError } from '../../core/errors.js';

/** The caller is not who he says, or does not say it (401). The message never holds a credential. */
export const unauthenticated = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('UNAUTHENTICATED', message, { cause });

/** The caller is known and may not do this (403). */
export const forbidden = (message: string): GatewayError => new GatewayError('FORBIDDEN', message);

/** Runs a check of a credential's content; what it finds wrong is a refused credential, not a bad request. */
export function refusing<T>(refuse: (message: string) => GatewayError, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'INVALID') throw refuse(error.message);
    throw error;
  }
}
