import { AgentCard, Role, type SendMessageRequest } from '@a2a-js/sdk';
import {
  ClientFactory,
  ClientFactoryOptions,
  JsonRpcTransportFactory,
  RestTransportFactory,
  type Client,
} from '@a2a-js/sdk/client';
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc';
import { randomUUID } from 'node:crypto';

export type Binding = 'JSONRPC' | 'HTTP+JSON' | 'GRPC';
export type Version = '1.0' | '0.3';

export const BINDINGS: readonly (readonly [Binding, Version])[] = (
  ['JSONRPC', 'HTTP+JSON', 'GRPC'] as const
).flatMap((binding) => (['1.0', '0.3'] as const).map((version) => [binding, version] as const));

/** The official client on one binding and version of the agent whose card is at that base. */
export async function sdkClient(base: string, binding: Binding, version: Version): Promise<Client> {
  const answer = await fetch(`${base}/.well-known/agent-card.json`);
  const card = AgentCard.fromJSON(await answer.json());
  const supportedInterfaces = card.supportedInterfaces.filter(
    (one) => one.protocolVersion === version && one.protocolBinding === binding,
  );
  const legacyCompat = { enabled: true };
  const transports = [
    new JsonRpcTransportFactory({ legacyCompat }),
    new RestTransportFactory({ legacyCompat }),
    new GrpcTransportFactory({ legacyCompat }),
  ];
  const options = ClientFactoryOptions.createFrom(ClientFactoryOptions.default, { transports });
  return new ClientFactory(options).createFromAgentCard({ ...card, supportedInterfaces });
}

/** A text for an agent, as the official client sends it. */
export const textRequest = (
  text: string,
  metadata?: Readonly<Record<string, unknown>>,
): SendMessageRequest => ({
  tenant: '',
  message: {
    messageId: randomUUID(),
    contextId: '',
    taskId: '',
    role: Role.ROLE_USER,
    parts: [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: '' }],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  },
  configuration: undefined,
  metadata: metadata && { ...metadata },
});
