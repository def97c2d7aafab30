/** One value of a DER encoding (X.690). */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

/** The tags that this code meets. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  explicit0: 0xa0,
  explicit3: 0xa3,
} as const;

/** The values that stand one after the other in a buffer. @throws Error when the encoding is broken */
export function derValues(buffer: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < buffer.length;) {
    const value = valueAt(buffer, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** The values inside a constructed one. @throws Error when it is missing or of another kind */
export function inside(value: DerValue | undefined, tag: number): DerValue[] {
  return derValues(contentOf(value, tag));
}

/** @throws Error when the value is missing or of another kind */
export function contentOf(value: DerValue | undefined, tag: number): Buffer {
  if (value?.tag !== tag) throw new Error(`DER: tag ${value?.tag ?? 'missing'}, wanted ${tag}`);
  return value.content;
}

function valueAt(buffer: Buffer, at: number): DerValue {
  const tag = buffer.readUInt8(at);
  const first = buffer.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  // 0x80 would be the indefinite length, which DER forbids; no file here has more than 2^32 bytes.
  if ((tag & 0x1f) === 0x1f || first === 0x80 || lengthBytes > 4)
    throw new Error('DER: unsupported tag or length');
  const length = lengthBytes === 0 ? first : buffer.readUIntBE(at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  if (start + length > buffer.length) throw new Error('DER: cut off');
  return { tag, content: buffer.subarray(start, start + length), whole: buffer.subarray(at, start + length) };
}

/** An object identifier in dotted form. */
export function oidText(content: Buffer): string {
  const [first = 0, ...rest] = arcs(content);
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

function arcs(content: Buffer): number[] {
  const values: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    values.push(value);
    value = 0;
  }
  return values;
}

const TIME = /^(\d{2,4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 writes them; milliseconds since the epoch. @throws Error when it is none */
export function timeOf({ tag, content }: DerValue): number {
  const [, year = '', ...parts] = TIME.exec(content.toString('latin1')) ?? [];
  const digits = tag === TAG.utcTime ? 2 : 4;
  if (!isTime(tag) || year.length !== digits) throw new Error('DER: no time');
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return Date.UTC(fullYear(Number(year), digits), month - 1, day, hour, minute, second);
}

export const isTime = (tag: number | undefined): boolean =>
  tag === TAG.utcTime || tag === TAG.generalizedTime;

const fullYear = (year: number, digits: number): number =>
  digits === 4 ? year : year + (year < 50 ? 2000 : 1900);
