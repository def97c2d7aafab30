import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AuthConfig } from './auth.config.js';
import { ConfigModule } from './config.module.js';
import { GatewayConfig, SECTION_NAMES, SECTIONS } from './gateway.config.js';
import { HttpConfig } from './http.config.js';

@Injectable()
class Consumer {
  constructor(
    readonly http: HttpConfig,
    readonly auth: AuthConfig,
    readonly whole: GatewayConfig,
  ) {}
}

describe('ConfigModule', () => {
  it('offers the whole and every concern by its class', async () => {
    const config = new GatewayConfig({ http: new HttpConfig({ port: 0, tlsCert: 'a.pem' }) });
    const module = await Test.createTestingModule({
      imports: [ConfigModule.of(config)],
      providers: [Consumer],
    }).compile();
    const consumer = module.get(Consumer);
    expect(consumer.whole).toBe(config);
    expect(consumer.http).toMatchObject({ port: 0, tlsCert: 'a.pem', host: '127.0.0.1' });
    for (const section of SECTION_NAMES) expect(module.get(SECTIONS[section])).toBe(config[section]);
  });
});
