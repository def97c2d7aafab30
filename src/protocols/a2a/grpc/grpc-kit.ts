/** What the gRPC binding needs beside the SDK: loaded when the listener is configured, not before. */
const load = async () => ({
  grpc: await import('@grpc/grpc-js'),
  current: await import('@a2a-js/sdk/server/grpc'),
  errors: await import('@a2a-js/sdk/errors/grpc'),
  legacy: await import('@a2a-js/sdk/compat/v0_3/server/grpc'),
});

export type GrpcKit = Awaited<ReturnType<typeof load>>;
export const grpcKit = load;
