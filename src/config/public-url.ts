import { Injectable } from '@nestjs/common';
import { GatewayConfig } from './gateway.config.js';
import { listenerUrl } from './net.kinds.js';

/** Base of every URL that the gateway publishes: as configured, else the listener's own. Never derived from a request. */
@Injectable()
export class PublicUrl {
  private url: string;

  constructor(private readonly config: GatewayConfig) {
    this.url = config.publicUrl;
  }

  get base(): string {
    return this.url;
  }

  /** With port 0 the real port is known only once the listener is open. */
  listensOn(port: number): void {
    const { publicUrl, http } = this.config;
    if (publicUrl === listenerUrl(http)) this.url = listenerUrl({ ...http, port });
  }
}
