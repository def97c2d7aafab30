/** One sample of the text format (version 0.0.4): name, labels, value. */
export interface PrometheusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([Nn]a[Nn]|[+-]Inf|[-+0-9.e]+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;

/** Numbers are Go's, which reads `Nan` as well. Reads a whole exposition. @throws Error at the first line that is not of the format, or whose metric has no HELP and TYPE */
export function parsePrometheus(text: string): PrometheusSample[] {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed');
  const known = new Set<string>();
  const samples: PrometheusSample[] = [];
  for (const line of text.split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) ./.exec(line);
    if (comment?.[1] === 'TYPE') known.add(comment[2]!);
    if (line === '' || comment) continue;
    const [, name = '', labels = '', value] = LINE.exec(line) ?? [];
    if (!known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')))
      throw new Error(`not of the format, or without a TYPE: ${line}`);
    samples.push({ name, labels: parseLabels(labels), value: Number(value!.replace('Inf', 'Infinity')) });
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let end = 0;
  for (const match of text.matchAll(LABEL)) {
    labels[match[1]!] = match[2]!;
    end = match.index + match[0].length;
  }
  if (end !== text.length) throw new Error(`labels: ${text}`);
  return labels;
}

/** The sum of all samples of a name that have these labels. */
export const total = (
  samples: readonly PrometheusSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number =>
  samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
