import { Global, Module } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { GatewayConfig } from '../../config/gateway.config.js';
import { SecretBox } from '../../core/secret-box.js';
import { AesSecretBox } from './aes-secret-box.js';
import { keyFile } from './key-file.js';

/** The encryption of stored credentials. */
@Global()
@Module({
  providers: [
    {
      provide: SecretBox,
      useFactory: (config: GatewayConfig) => new AesSecretBox(keysOf(config)),
      inject: [GatewayConfig],
    },
  ],
  exports: [SecretBox],
})
export class SecretsModule {}

/** As configured; else production has none, and development one beside its database. */
function keysOf({ profile, secrets, storage }: GatewayConfig): () => readonly Buffer[] {
  if (secrets.key.length > 0 || profile === 'production') return () => secrets.key;
  let own: Buffer | undefined;
  return () => [(own ??= ownKey(storage.url))];
}

function ownKey(storageUrl: string): Buffer {
  const path = storageUrl.startsWith('sqlite:') ? storageUrl.slice('sqlite:'.length) : ':memory:';
  return path === ':memory:' ? randomBytes(32) : keyFile(`${path}.key`);
}
