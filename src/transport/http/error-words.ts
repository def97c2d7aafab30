import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../../core/errors.js';
import type { HttpError } from './error-table.js';

/** How a protocol says no below its path, where that is not as the plain HTTP APIs say it. */
export interface ErrorWords {
  /** Ends with a slash. */
  readonly below: string;
  /**
   * Status and body of an error.
   * @param said how the plain APIs would say it
   * @param detail what may be said about it
   */
  say(error: GatewayError, said: HttpError, detail: string): [status: number, body: object];
}

const ERROR_WORDS = 'gateway error words';

/** An Express application's settings: part of the application, so that several servers can live in one process. */
interface Settings {
  get(name: string): unknown;
  set(name: string, value: unknown): unknown;
}

const listed = (app: Settings | undefined): readonly ErrorWords[] =>
  (app?.get(ERROR_WORDS) as readonly ErrorWords[] | undefined) ?? [];

/** From now on errors below this path are said so, also those of paths that nothing serves. */
export function useErrorWords(app: Settings, words: ErrorWords): void {
  app.set(ERROR_WORDS, [...listed(app), words]);
}

/** The words for a request; undefined: the plain ones. */
export const errorWordsFor = (req: IncomingMessage & { app?: Settings }): ErrorWords | undefined =>
  listed(req.app).find(({ below }) => req.url?.startsWith(below));
