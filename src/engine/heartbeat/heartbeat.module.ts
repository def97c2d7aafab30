import { Module } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module.js';
import { HeartbeatService } from './heartbeat.service.js';

/** Heartbeat: who is still alive. */
@Module({ imports: [RegistryModule], providers: [HeartbeatService], exports: [HeartbeatService] })
export class HeartbeatModule {}
