import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RoutingService } from './routing.service.js';

/** Routing: which agent gets a task, and why. */
@Module({ imports: [AuthModule, RegistryModule], providers: [RoutingService], exports: [RoutingService] })
export class RoutingModule {}
