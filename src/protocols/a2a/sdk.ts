/** The official SDK's parts that the bindings use: codecs, errors and both versions' transport handlers. */
const load = async () => ({
  core: await import('@a2a-js/sdk'),
  errors: await import('@a2a-js/sdk/errors'),
  server: await import('@a2a-js/sdk/server'),
  legacy: await import('@a2a-js/sdk/compat/v0_3/server'),
});

export type Sdk = Awaited<ReturnType<typeof load>>;

let loaded: Promise<Sdk> | undefined;

/** Loaded by the first call: a gateway that nobody calls by A2A does not carry it. */
export const a2aSdk = (): Promise<Sdk> => (loaded ??= load());
