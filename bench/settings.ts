import { median, type Plan, type Sample } from './measure.js';
import type { Kind } from './processes.js';
import type { Row } from './report.js';

/** What the command line asks for. */
export interface Settings {
  quick: boolean;
  /** What is compared with the relay: the gateway, or the relay itself as a check of the method. */
  contender: Kind;
  idleBots: number;
  cpuProf: string | undefined;
}

export const plan = ({ quick }: Settings): Plan =>
  quick ? { rounds: 3, tasks: 3_000, warmUp: 6_000 } : { rounds: 7, tasks: 10_000, warmUp: 15_000 };

/** A row of one figure: medians of both sides, and the lowest and highest ratio of a round pair. */
export const by = (
  name: string,
  unit: string,
  key: keyof Sample,
  [base, value]: [Sample[], Sample[]],
): Row => {
  const ratios = value.map((sample, i) => sample[key] / base[i]![key]);
  const spread = [Math.min(...ratios), Math.max(...ratios)] as const;
  return {
    name,
    unit,
    base: median(base.map((s) => s[key])),
    value: median(value.map((s) => s[key])),
    spread,
  };
};
