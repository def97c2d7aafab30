import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { excerpt } from '../../core/errors.js';

/** A hashed client secret: `scrypt$N$r$p$salt$hash`, salt and hash in base64. */
interface SecretHash {
  readonly options: ScryptOptions;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const FORMAT =
  /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/]{16,}={0,2})\$([A-Za-z0-9+/]{22,}={0,2})$/;
/** Memory that one check may take: 128 · N · r bytes. */
const MAX_MEMORY = 128 * 1024 * 1024;

/** @throws Error saying what is allowed; never shows the hash */
function parseHash(id: string, text: string): SecretHash {
  const [, N, r, p, salt, hash] = FORMAT.exec(text) ?? [];
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem: MAX_MEMORY + 1024 * 1024 };
  const powerOfTwo = options.N >= 2 && (options.N & (options.N - 1)) === 0;
  if (
    !salt ||
    !hash ||
    !powerOfTwo ||
    options.r < 1 ||
    options.p < 1 ||
    128 * options.N * options.r > MAX_MEMORY
  )
    throw new Error(
      `auth.clients, secret_hash of ${excerpt(id)}: allowed: scrypt$N$r$p$salt$hash as "npm run token -- --hash-secret" prints it`,
    );
  return { options, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

const derive = (secret: string, { options, salt, hash }: SecretHash): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(secret, salt, hash.length, options, (error, key) => (error ? reject(error) : resolve(key))),
  );

/** Checks client secrets in a time that depends neither on whether the client exists nor on how wrong the secret is. */
export class ClientSecrets {
  private readonly hashes = new Map<string, SecretHash>();
  private readonly decoy: SecretHash;

  /** @throws Error when a hash is malformed */
  constructor(clients: readonly { readonly id: string; readonly secretHash: string }[]) {
    for (const client of clients) this.hashes.set(client.id, parseHash(client.id, client.secretHash));
    const [first] = this.hashes.values();
    this.decoy = {
      options: first?.options ?? { N: 16_384, r: 8, p: 1 },
      salt: randomBytes(16),
      hash: randomBytes(first?.hash.length ?? 32),
    };
  }

  async matches(id: string, secret: string): Promise<boolean> {
    const known = this.hashes.get(id);
    const wanted = known ?? this.decoy;
    const same = timingSafeEqual(await derive(secret, wanted), wanted.hash);
    return same && known !== undefined;
  }
}
