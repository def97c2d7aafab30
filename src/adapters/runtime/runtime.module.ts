import { Global, Module } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { IdSource } from '../../core/ids.js';
import { SystemClock } from './system-clock.js';
import { UuidIdSource } from './uuid-ids.js';

/** Time and ids of the real world; tests provide others. */
@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    { provide: IdSource, useFactory: (clock: Clock) => new UuidIdSource(clock), inject: [Clock] },
  ],
  exports: [Clock, IdSource],
})
export class RuntimeModule {}
