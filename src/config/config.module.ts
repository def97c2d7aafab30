import { type DynamicModule, Module } from '@nestjs/common';
import { GatewayConfig, SECTION_NAMES, SECTIONS } from './gateway.config.js';
import { PublicUrl } from './public-url.js';

/** Offers the configuration everywhere: inject `GatewayConfig`, or the class of one concern such as `HttpConfig`. */
@Module({})
export class ConfigModule {
  static of(config: GatewayConfig): DynamicModule {
    const concerns = SECTION_NAMES.map((section) => ({
      provide: SECTIONS[section],
      useValue: config[section],
    }));
    const providers = [{ provide: GatewayConfig, useValue: config }, ...concerns];
    return {
      module: ConfigModule,
      global: true,
      providers: [...providers, PublicUrl],
      exports: [...providers.map(({ provide }) => provide), PublicUrl],
    };
  }
}
