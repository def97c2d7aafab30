import { port } from './kinds.js';
import { concern, optional } from './setting.js';

/** The gRPC listener. */
export class GrpcConfig extends concern('grpc', {
  port: optional(port, 'gRPC listener (A2A)'),
}) {}
