import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { Audit } from './audit.js';
import { AuditReader } from './audit-reader.js';
import { AuditRetention } from './audit-retention.js';

/** Who did what. Needs an {@link AuditStore} from a global module. */
@Module({
  imports: [AuthModule],
  providers: [Audit, AuditReader, AuditRetention],
  exports: [Audit, AuditReader],
})
export class AuditModule {}
