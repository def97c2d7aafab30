import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { MemberRetention } from './member-retention.js';
import { MemberSecrets } from './member-secrets.js';
import { Members } from './members.service.js';

/** Agents without a lasting connection. The store comes from a storage adapter, the secret box from the transport. */
@Module({
  imports: [AuthModule, RegistryModule],
  providers: [MemberRetention, MemberSecrets, Members],
  exports: [MemberSecrets, Members],
})
export class MembersModule {}
