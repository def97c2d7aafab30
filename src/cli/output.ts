import { styleText } from 'node:util';

type Colour = Parameters<typeof styleText>[0];

/** Colours on a terminal only; `NO_COLOR` and `FORCE_COLOR` are heeded by Node itself. */
export const painted = (colour: Colour, text: string): string =>
  styleText(colour, text, { stream: process.stdout, validateStream: true });

const COLOURS: Partial<Record<string, Colour>> = {
  completed: 'green',
  failed: 'red',
  canceled: 'yellow',
  rejected: 'red',
  input_required: 'magenta',
  auth_required: 'magenta',
  running: 'cyan',
  progress: 'cyan',
  queued: 'blue',
};

/** A state or an event in its colour. */
export const state = (word: string, width = 0): string =>
  painted(COLOURS[word] ?? 'reset', word.padEnd(width));

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** One line per value, for programs. */
export const sayJson = (value: unknown): void => say(JSON.stringify(value));

/** Columns as wide as their widest cell; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n');
}

/** Text of others on one line: control characters would move the cursor, or more. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
