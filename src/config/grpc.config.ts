import { z } from 'zod';
import { port, type Kind } from './kinds.js';
import { concern, optional } from './setting.js';

const address: Kind<string> = {
  schema: z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/),
  allowed: 'host:port',
};

/** The gRPC listener. Address, TLS and body limit are those of the orchestrator listener. */
export class GrpcConfig extends concern('grpc', {
  port: optional(port, 'gRPC listener (A2A), at the address and with the TLS of the orchestrator listener'),
  publicAddress: optional(
    address,
    '`host:port` under which A2A’s cards name the gRPC listener; off: the host of `public_url` and the port of the listener',
  ),
}) {}
