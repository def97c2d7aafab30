import { z } from 'zod';

/**
 * What a setting accepts. Every source hands over strings (YAML is read without guessing types), lists may also be
 * YAML lists; so one kind reads variables, files and defaults alike.
 */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** Completes the sentence "allowed: …" of an error message. */
  readonly allowed: string;
  /** The value never appears in a message. */
  readonly secret?: true;
}

export const SECOND = 1000;
export const DAY = 24 * 60 * 60 * SECOND;
const KB = 1024;
const MB = KB * KB;
const GB = KB * MB;

const UNIT_MS = { ms: 1, s: SECOND, m: 60 * SECOND, h: 60 * 60 * SECOND, d: DAY } as const;
const UNIT_BYTES = { b: 1, kb: KB, mb: MB, gb: GB } as const;

const within = (min: number, max: number) => z.number().min(min).max(max);

/** A whole number followed by one of the units; without a unit it counts the smallest. */
function quantity(units: Readonly<Record<string, number>>, min: number, max: number): z.ZodType<number> {
  const form = new RegExp(`^(\\d{1,15})(${Object.keys(units).join('|')})?$`);
  return z
    .string()
    .regex(form)
    .transform((text) => {
      const [, count, unit = ''] = form.exec(text) ?? [];
      return Number(count) * (units[unit] ?? 1);
    })
    .pipe(within(min, max));
}

/** Any text without control characters. */
export const text: Kind<string> = {
  schema: z.string().regex(/^\P{Cc}{1,4096}$/u),
  allowed: '1 to 4096 characters without control characters',
};

/** The same kind, but its value is never shown. */
export const secret = <T>(kind: Kind<T>): Kind<T> => ({ ...kind, secret: true });

/** A shared secret of at least `bytes` bytes. */
export const sharedSecret = (bytes: number): Kind<string> => ({
  schema: text.schema.refine((value) => Buffer.byteLength(value) >= bytes),
  allowed: `at least ${bytes} bytes of text without control characters`,
  secret: true,
});

export const boolean: Kind<boolean> = {
  schema: z
    .enum(['true', 'on', '1', 'false', 'off', '0'])
    .transform((word) => word === 'true' || word === 'on' || word === '1'),
  allowed: 'true, false, on, off, 1 or 0',
};

export const oneOf = <const W extends string>(...words: readonly W[]): Kind<W> => ({
  schema: z.enum(words),
  allowed: words.join(' or '),
});

export const integer = (min: number, max: number): Kind<number> => ({
  schema: quantity({}, min, max),
  allowed: `a whole number from ${min} to ${max}`,
});

/** TCP port. */
export const port: Kind<number> = {
  schema: quantity({}, 0, 65_535),
  allowed: 'a port number from 0 to 65535 (0: any free one)',
};

/** Milliseconds a timer can wait for; setTimeout fires at once beyond 2^31-1 ms (24.8 days). */
export const duration = (min: 0 | 1 = 1): Kind<number> => ({
  schema: quantity(UNIT_MS, min, 24 * DAY),
  allowed: `a duration such as 250ms, 10s, 5m, 24h, 7d or a number of milliseconds, from ${min}ms to 24d`,
});

/** Milliseconds that something is kept or valid; no timer waits this long. */
export const age: Kind<number> = {
  schema: quantity(UNIT_MS, SECOND, 3650 * DAY),
  allowed: 'a duration such as 10s, 5m, 24h, 7d or a number of milliseconds, from 1s to 3650d',
};

/** Bytes held in memory at once. */
export const size: Kind<number> = {
  schema: quantity(UNIT_BYTES, 1, 256 * MB),
  allowed: 'a size such as 64kb, 10mb or a number of bytes, from 1 byte to 256mb',
};

/** Bytes on disk. */
export const diskSize: Kind<number> = {
  schema: quantity(UNIT_BYTES, MB, 1024 * GB),
  allowed: 'a size such as 512mb, 10gb or a number of bytes, from 1mb to 1024gb',
};

/** At most `requests` within `windowMs` milliseconds. */
export interface Rate {
  readonly requests: number;
  readonly windowMs: number;
}

const RATE = /^([1-9]\d{0,8})\/([sm])$/;
export const rate: Kind<Rate> = {
  schema: z
    .string()
    .regex(RATE)
    .transform((given) => {
      const [, count, unit] = RATE.exec(given) ?? [];
      return { requests: Number(count), windowMs: unit === 'm' ? UNIT_MS.m : UNIT_MS.s };
    }),
  allowed: 'N/s or N/m, such as 100/s',
};

/** Words that leave a list empty. */
const NONE = new Set(['', 'none', 'off']);

const split = (raw: unknown): unknown => {
  if (typeof raw !== 'string') return raw;
  return NONE.has(raw.trim()) ? [] : raw.split(',').map((item) => item.trim());
};

/** A comma-separated text or a YAML list. */
export const list = <T>(item: Kind<T>): Kind<T[]> => ({
  schema: z.preprocess(split, z.array(item.schema)),
  allowed: `a comma-separated list (or none); each entry: ${item.allowed}`,
});

/** A setting that can be switched off. */
export const orOff = <T>(kind: Kind<T>): Kind<T | undefined> => ({
  ...kind,
  schema: z.union([z.literal('off').transform(() => undefined), kind.schema]),
  allowed: `${kind.allowed}; or off`,
});

/** A list of objects: a YAML list, or JSON in a variable or file. */
export const records = <T>(entry: z.ZodType<T>, allowed: string): Kind<T[]> => ({
  schema: z.preprocess(fromJson, z.array(entry)),
  allowed,
  secret: true,
});

function fromJson(raw: unknown): unknown {
  if (typeof raw !== 'string') return raw;
  if (NONE.has(raw.trim())) return [];
  try {
    return JSON.parse(raw);
  } catch {
    return raw; // stays a text, which no list accepts
  }
}
