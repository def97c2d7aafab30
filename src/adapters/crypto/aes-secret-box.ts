import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { GatewayError } from '../../core/errors.js';
import { SecretBox } from '../../core/secret-box.js';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** Tells which key opens a sealed text; says nothing about the key. */
const idOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

/**
 * AES-256-GCM with a random nonce per text. A sealed text is `v1.<key id>.<base64url of nonce, ciphertext, tag>`;
 * version and key id are authenticated with it.
 */
export class AesSecretBox extends SecretBox {
  /** @param keys of 32 bytes: the first seals, all open. Asked at each use, so that a key is made only when one is needed. */
  constructor(private readonly keys: () => readonly Buffer[]) {
    super();
  }

  override seal(text: string): string {
    const [key] = this.keys();
    if (!key)
      throw new GatewayError(
        'CONFLICT',
        'credentials: the gateway has no key to encrypt them with; allowed: with GATEWAY_SECRETS_KEY set',
      );
    const head = `${VERSION}.${idOf(key)}`;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(head));
    const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${head}.${Buffer.concat(sealed).toString('base64url')}`;
  }

  override open(sealed: string): string {
    const [version, id, content = ''] = sealed.split('.');
    const key = version === VERSION ? this.keys().find((known) => idOf(known) === id) : undefined;
    if (!key) throw new Error(`a sealed text is of a key that GATEWAY_SECRETS_KEY does not have (${id})`);
    const bytes = Buffer.from(content, 'base64url');
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(`${version}.${id}`))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  }
}
