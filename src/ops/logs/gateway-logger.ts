import { ConsoleLogger, type LogLevel, type LoggerService } from '@nestjs/common';
import pino, { type Logger } from 'pino';
import { writesDebug, type LogConfig } from '../../config/log.config.js';
import { inOneLine, REDACTED } from './log-text.js';

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

const hidesFramework = (config: LogConfig, context: unknown): boolean =>
  !writesDebug(config) && typeof context === 'string' && FRAMEWORK.has(context);

/** The log as the configuration wants it: lines for people on a terminal, JSON elsewhere (log.format). */
export const gatewayLogger = (config: LogConfig): LoggerService =>
  config.format === 'json' ? new JsonLogger(config) : new PrettyLogger(config);

/** One line of text per message; fields stand behind it as `name=value`. */
class PrettyLogger extends ConsoleLogger {
  constructor(private readonly config: LogConfig) {
    super({ logLevels: LEVELS[config.level], colors: process.stdout.isTTY });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!hidesFramework(this.config, rest.at(-1))) super.log(inOneLine(message), ...rest);
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(inOneLine(message), ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    super.error(inOneLine(message), ...rest);
  }

  override debug(message: unknown, ...rest: unknown[]): void {
    super.debug(inOneLine(message), ...rest);
  }
}

/**
 * One JSON object per line: `time` (RFC 3339), `level`, `logger` (the part that speaks), `msg` and the message's own fields
 * (`request_id`, `task_id`, …). JSON escapes what could forge a line; fields that may hold a secret are hidden.
 */
class JsonLogger implements LoggerService {
  private readonly out: Logger;

  constructor(private readonly config: LogConfig) {
    this.out = pino({
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: REDACTED, censor: '[hidden]' },
    });
  }

  log(message: unknown, ...rest: unknown[]): void {
    if (!hidesFramework(this.config, rest.at(-1))) this.write('info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** Nest hands over (message, context) or (message, stack, context). */
  private write(level: pino.Level, message: unknown, rest: readonly unknown[]): void {
    const logger = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const fields = {
      ...(typeof logger === 'string' ? { logger } : {}),
      ...(typeof stack === 'string' ? { stack } : {}),
    };
    if (message instanceof Error) this.out[level]({ ...fields, stack: message.stack }, message.message);
    else if (typeof message === 'object' && message !== null) this.out[level]({ ...fields, ...message });
    else this.out[level](fields, String(message));
  }
}
