import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import type { LogConfig } from '../config/log.config.js';

/** From the loudest to the quietest setting. */
const LEVELS: Record<LogConfig['level'], LogLevel[]> = {
  trace: ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'],
  debug: ['debug', 'log', 'warn', 'error', 'fatal'],
  info: ['log', 'warn', 'error', 'fatal'],
  warn: ['warn', 'error', 'fatal'],
  error: ['error', 'fatal'],
  fatal: ['fatal'],
  silent: [],
};

/** What the framework says of its own start; an operator wants it only when debugging. */
const FRAMEWORK = new Set([
  'NestFactory',
  'NestApplication',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'WebSocketsController',
]);

/** Lines for people on a terminal, JSON elsewhere (log.format). */
export class GatewayLogger extends ConsoleLogger {
  private readonly chatty: boolean;

  constructor({ level, format }: LogConfig) {
    super({
      logLevels: LEVELS[level],
      json: format === 'json',
      colors: format === 'pretty' && process.stdout.isTTY,
    });
    this.chatty = level === 'debug' || level === 'trace';
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (!this.chatty && typeof context === 'string' && FRAMEWORK.has(context)) return;
    super.log(message, ...rest);
  }
}
