/** A Markdown table; a bar within a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A fenced block. */
export const code = (language: string, text: string): string => `\`\`\`${language}\n${text.trim()}\n\`\`\``;

/** A value as JSON, laid out. */
export const json = (value: unknown): string => code('json', JSON.stringify(value, null, 2));

/** Milliseconds for readers. */
export const duration = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);

/** Bytes for readers. */
export function size(bytes: number): string {
  const kib = bytes / 1_024;
  if (kib < 1 || !Number.isInteger(kib)) return `${bytes} bytes`;
  return kib % 1_024 === 0 ? `${kib / 1_024} MiB` : `${kib} KiB`;
}

/** Paragraphs, lists and tables, one blank line apart. */
export const sections = (...parts: readonly string[]): string => parts.join('\n\n');
