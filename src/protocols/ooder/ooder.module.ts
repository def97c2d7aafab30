import { Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';
import { RoutesModule } from '../../engine/routes/routes.module.js';
import { ResourcesModule } from '../../engine/resources/resources.module.js';
import { useErrorWords } from '../../transport/http/error-words.js';
import { OODER_WORDS } from './ooder-errors.js';
import { DataController } from './telemetry/data.controller.js';
import { DevicesController } from './resources/devices.controller.js';
import { ResourcesController } from './resources/resources.controller.js';
import { RoutesController } from './routes/routes.controller.js';
import { SensorsController } from './resources/sensors.controller.js';

/** The control plane of seed 004 below /api/v1. Needs the global TransportModule. */
@Module({
  imports: [ResourcesModule, RoutesModule],
  controllers: [ResourcesController, DevicesController, SensorsController, DataController, RoutesController],
})
export class OoderModule implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost<ExpressAdapter>) {}

  onModuleInit(): void {
    useErrorWords(this.host.httpAdapter.getInstance<Express>(), OODER_WORDS);
  }
}
