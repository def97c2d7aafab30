import { Injectable } from '@nestjs/common';
import { GrpcConfig } from '../../../config/grpc.config.js';
import { PublicUrl } from '../../../config/public-url.js';

/** Where cards say that the gRPC listener is; never derived from a request. */
@Injectable()
export class GrpcAddress {
  private port: number | undefined;

  constructor(
    private readonly config: GrpcConfig,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** With port 0 the real port is known only once the listener is open. */
  listensOn(port: number): void {
    this.port = port;
  }

  /** `host:port`; undefined without a listener. */
  get shown(): string | undefined {
    if (this.port === undefined) return undefined;
    return this.config.publicAddress ?? `${new URL(this.publicUrl.base).hostname}:${this.port}`;
  }
}
