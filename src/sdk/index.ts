/** `agent-gateway/sdk`: write a bot, or give the gateway work. Needs Node 22 or newer, and nothing of Nest. */
export { connectBot, type Bot } from './bot/connect-bot.js';
export type { BotCard, BotEvent, BotOptions, BotResult, BotSkill } from './bot/bot-options.js';
export type { Answer, BotTask } from './bot/bot-task.js';
export {
  GatewayClient,
  type DeliveryListFilter,
  type RouteQuestion,
  type SubmitOptions,
  type TaskListFilter,
} from './orchestrator/gateway-client.js';
export { GatewayAdmin, type AuditFilter, type AuditPageOptions } from './orchestrator/admin-client.js';
export { AgentTask, type AgentReport, type AgentResult, type OnTask } from './webhook/agent-task.js';
export { PollWorker, type PollWorkerOptions } from './webhook/poll-worker.js';
export { verifyWebhook, WebhookSignatureError, type VerifyOptions } from './webhook/signature.js';
export { webhookReceiver, type WebhookOptions, type WebhookRequest } from './webhook/webhook-receiver.js';
export { GatewayRefusal, GatewayUnreachable } from './orchestrator/errors.js';
export type { ClientOptions } from './orchestrator/http.js';
export type { WatchedEvent, WatchOptions } from './orchestrator/watch.js';
export type {
  AgentWire,
  MessageWire,
  NewTaskWire,
  PartWire,
  RoutingExplanationWire,
  SkillWire,
  TaskAckWire,
  TaskEventWire,
  TaskWire,
} from '../transport/orchestrator/orchestrator.wire.js';
export type {
  ApiKeyWire,
  AuditEntryWire,
  AuditPageWire,
  CreatedApiKeyWire,
  NewApiKeyWire,
} from '../protocols/admin/admin.wire.js';
export type { PushWire } from '../transport/agents/message.wire.js';
export type {
  DeliveryAttemptWire,
  DeliveryDetailsWire,
  DeliveryWire,
} from '../protocols/rest/deliveries.wire.js';
export type { Artifact, Message, Part } from '../core/task.js';
