import type { SkillWire } from '../../transport/orchestrator/orchestrator.wire.js';

/** Sent instead of silence when Last-Event-ID is unknown to the log: the full log follows. */
export interface ResetWire {
  readonly event: 'reset';
  readonly task_id: string;
}

/** GET /.well-known/agent.json: all online agents as one. */
export interface AggregatedCardWire {
  readonly name: string;
  readonly description: string;
  readonly url: string;
  readonly version: string;
  readonly protocolVersion: string;
  readonly preferredTransport: string;
  readonly capabilities: {
    readonly streaming: boolean;
    readonly pushNotifications: boolean;
    readonly stateTransitionHistory: boolean;
  };
  readonly defaultInputModes: readonly string[];
  readonly defaultOutputModes: readonly string[];
  readonly documentationUrl: string;
  readonly skills: readonly SkillWire[];
}
