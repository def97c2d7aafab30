import { contentOf, derValues, type DerValue, inside, oidText, TAG } from './der.js';

/** The names that a certificate gives its owner, each as it stands in the certificate's structure. */
export interface CertificateNames {
  /** CN fields of the subject. */
  readonly commonNames: readonly string[];
  /** O fields of the subject. */
  readonly organizations: readonly string[];
  /** DNS subject alternative names. */
  readonly dns: readonly string[];
  /** URI subject alternative names. */
  readonly uris: readonly string[];
}

/**
 * Reads the names of a certificate (RFC 5280 §4.1). Node prints them in one text, which names with commas and quotes can forge;
 * the x509 library takes 2 ms for it, at every connect.
 * @throws Error when the structure is broken or a text is in no known encoding
 */
export function certificateNames(der: Buffer): CertificateNames {
  const [tbs] = inside(derValues(der)[0], TAG.sequence);
  const fields = inside(tbs, TAG.sequence);
  if (fields[0]?.tag === TAG.explicit0) fields.shift(); // version
  const [, , , , subject, , ...rest] = fields; // serial, algorithm, issuer, validity, subject, key
  const names = alternativeNames(rest.find((field) => field.tag === TAG.explicit3));
  const attributes = inside(subject, TAG.sequence).flatMap((set) => inside(set, TAG.set));
  return {
    commonNames: attributeTexts(attributes, '2.5.4.3'),
    organizations: attributeTexts(attributes, '2.5.4.10'),
    dns: ia5Texts(names, 0x82),
    uris: ia5Texts(names, 0x86),
  };
}

function attributeTexts(attributes: readonly DerValue[], type: string): string[] {
  return attributes
    .map((attribute) => inside(attribute, TAG.sequence))
    .filter(([id]) => oidText(contentOf(id, TAG.oid)) === type)
    .map(([, value]) => text(value));
}

const SUBJECT_ALT_NAME = '2.5.29.17';

function alternativeNames(extensions: DerValue | undefined): DerValue[] {
  if (!extensions) return [];
  const [list] = inside(extensions, TAG.explicit3);
  return inside(list, TAG.sequence)
    .map((extension) => inside(extension, TAG.sequence))
    .filter(([id]) => oidText(contentOf(id, TAG.oid)) === SUBJECT_ALT_NAME)
    .flatMap((parts) => inside(derValues(contentOf(parts.at(-1), TAG.octetString))[0], TAG.sequence));
}

const ia5Texts = (names: readonly DerValue[], tag: number): string[] =>
  names.filter((name) => name.tag === tag).map(({ content }) => content.toString('latin1'));

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });
const latin1 = (content: Buffer): string => content.toString('latin1');

/** DirectoryString, RFC 5280 §4.1.2.4, by tag. */
const TEXTS: ReadonlyMap<number | undefined, (content: Buffer) => string> = new Map([
  [0x0c, (content) => utf8.decode(content)], // UTF8String
  [0x13, latin1], // PrintableString
  [0x14, latin1], // TeletexString
  [0x16, latin1], // IA5String
  [0x1e, (content) => utf16.decode(content)], // BMPString
]);

function text(value: DerValue | undefined): string {
  const decode = TEXTS.get(value?.tag);
  if (!value || !decode) throw new Error(`DER: tag ${value?.tag ?? 'missing'} is no text`);
  return decode(value.content);
}
