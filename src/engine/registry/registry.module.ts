import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RegistryService } from './registry.service.js';

/** Registry: who is here. */
@Module({ imports: [AuthModule], providers: [RegistryService], exports: [RegistryService] })
export class RegistryModule {}
