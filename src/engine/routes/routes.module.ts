import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { MembersModule } from '../members/members.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { RoutesService } from './routes.service.js';

/** The rules of routing. The store comes from a storage adapter. */
@Module({
  imports: [AuthModule, MembersModule, RegistryModule, ResourcesModule],
  providers: [RoutesService],
  exports: [RoutesService],
})
export class RoutesModule {}
