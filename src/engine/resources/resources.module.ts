import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ResourcesService } from './resources.service.js';
import { TelemetryFeed } from './telemetry-feed.js';
import { TelemetryService } from './telemetry.service.js';
import { TelemetryUpkeep } from './telemetry-upkeep.js';
import { SensorsService } from './sensors.service.js';
import { TwinsService } from './twins.service.js';

/** What the control plane knows of places, devices and sensors. The stores come from a storage adapter. */
@Module({
  imports: [AuthModule],
  providers: [
    ResourcesService,
    SensorsService,
    TelemetryFeed,
    TelemetryService,
    TelemetryUpkeep,
    TwinsService,
  ],
  exports: [ResourcesService, SensorsService, TelemetryService, TwinsService],
})
export class ResourcesModule {}
