import { oneOf } from './kinds.js';
import { concern, setting } from './setting.js';

/** The log on standard output. */
export class LogConfig extends concern('log', {
  level: setting(
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'info',
    'least severe level that is written',
  ),
  format: setting(
    oneOf('pretty', 'json'),
    {
      development: {
        shown: 'pretty on a terminal, else json',
        from: () => (process.stdout.isTTY ? 'pretty' : 'json'),
      },
      production: 'json',
    },
    '`pretty` or `json`',
  ),
}) {}

/** Whether lines of the level `debug` are written. */
export const writesDebug = ({ level }: LogConfig): boolean => level === 'debug' || level === 'trace';
