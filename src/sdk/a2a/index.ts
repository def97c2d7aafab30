/**
 * `agent-gateway/sdk/a2a`: call A2A agents, be one, and combine them. Apart from `agent-gateway/sdk`, so that bots and
 * orchestrators do not load the A2A SDK.
 */
export { A2aClient, type CallOptions, type SendOptions, type SendResponse } from './client/a2a-client.js';
export type { ConnectionOptions } from './client/http.js';
export { Message, Part, Role } from './message.js';
export { A2aError, A2aRequestError, A2aRpcError, AgentFailedError, type RequestFailure } from './errors.js';
export {
  ask,
  inputOf,
  type Agent,
  type AgentEvent,
  type AgentInput,
  type RunOptions,
} from './agent/agent.js';
export { botOf } from './agent/bot-of.js';
export { RemoteA2aAgent, type RemoteAgentOptions } from './agent/remote-a2a-agent.js';
export { asksBack, hasEnded, resultText, textOf } from './types.js';
export type {
  AgentCard,
  AgentInterface,
  AgentSkill,
  Artifact,
  DataPart,
  FilePart,
  Task,
  TaskArtifactUpdate,
  TaskState,
  TaskStatus,
  TaskStatusUpdate,
  TextPart,
  UpdateEvent,
} from './types.js';
export { A2aApp, createA2aApp, type A2aAppConfig } from './server/create-a2a-app.js';
export { buildAgentCard, type CardOptions } from './server/agent-card.js';
export { SecurityConfig } from './server/security-config.js';
