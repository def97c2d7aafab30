import { Module } from '@nestjs/common';
import { AuditModule } from '../../engine/audit/audit.module.js';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { ApiKeysController } from './api-keys.controller.js';
import { AuditController } from './audit.controller.js';

/** What the admins of a namespace do. */
@Module({ imports: [AuditModule, AuthModule], controllers: [ApiKeysController, AuditController] })
export class AdminModule {}
