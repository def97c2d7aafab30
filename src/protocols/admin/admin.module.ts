import { Module } from '@nestjs/common';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { ApiKeysController } from './api-keys.controller.js';

/** What the admins of a namespace do. */
@Module({ imports: [AuthModule], controllers: [ApiKeysController] })
export class AdminModule {}
