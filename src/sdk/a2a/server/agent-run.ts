import type { Message as SdkMessage, Part as SdkPart, StreamResponse, Task as SdkTask } from '@a2a-js/sdk';
import { randomUUID } from 'node:crypto';
import type { AgentEvent } from '../agent/agent.js';
import { fromSdkPart, toSdkMessage, toSdkPart, toSdkState } from '../mapper.js';
import { Message } from '../message.js';
import { asksBack, hasEnded, type Message as MessageType, type TaskState } from '../types.js';

/** One task of an agent, in memory: what it has come to, and everything that happened, for those who follow it. */
export class AgentRun {
  readonly id = randomUUID();
  readonly control = new AbortController();
  state: TaskState = 'submitted';
  /** Milliseconds since the epoch. */
  changedAt = Date.now();
  private readonly artifactId = randomUUID();
  private readonly history: SdkMessage[] = [];
  private events: StreamResponse[] = [];
  private readonly followers = new Set<() => void>();
  private readonly answer: SdkPart[] = [];
  /** Who reads `events` now; afterwards nobody needs those of an ended task. */
  private readers = 0;
  private said: SdkMessage | undefined;

  constructor(readonly contextId: string) {}

  get hasEnded(): boolean {
    return hasEnded(this.state);
  }

  /** Nothing more comes by itself: it has ended, or waits for its caller. */
  get rests(): boolean {
    return this.hasEnded || asksBack(this.state);
  }

  /** A message of the caller: the first one, or the answer to what the agent has asked. */
  hear(message: MessageType): void {
    this.history.push(toSdkMessage({ ...message, taskId: this.id, contextId: this.contextId }));
  }

  /** What the agent says; after the end nothing counts. */
  take(event: AgentEvent): void {
    if (this.hasEnded) return;
    switch (event.type) {
      case 'text':
        return this.grow([toSdkPart({ kind: 'text', text: event.text })]);
      case 'parts':
        return this.grow(event.parts.map(toSdkPart));
      case 'progress':
        return this.move('working', event.text);
      case 'input-required':
        return this.move('input-required', event.text);
    }
  }

  move(state: TaskState, text?: string): void {
    if (this.hasEnded) return;
    this.state = state;
    this.changedAt = Date.now();
    this.said = text ? this.words(text) : undefined;
    if (this.said && asksBack(state)) this.history.push(this.said);
    const value = { ...this.ids, status: this.status, metadata: undefined };
    this.publish({ payload: { $case: 'statusUpdate', value } });
  }

  /** What it has said so far, as a turn of the conversation; undefined: nothing yet. */
  get turn(): MessageType | undefined {
    const parts = [...this.answer, ...(asksBack(this.state) ? (this.said?.parts ?? []) : [])];
    const ids = { messageId: randomUUID(), contextId: this.contextId, taskId: this.id };
    return parts.length === 0
      ? undefined
      : { kind: 'message', role: 'agent', parts: parts.map(fromSdkPart), ...ids };
  }

  /** The task as it is now. `historyLength`: the newest so many messages; undefined: all. */
  task(historyLength?: number): SdkTask {
    const from = historyLength === undefined ? 0 : Math.max(0, this.history.length - historyLength);
    return {
      id: this.id,
      contextId: this.contextId,
      status: this.status,
      artifacts: this.answer.length > 0 ? [this.artifact(this.answer)] : [],
      history: this.history.slice(from),
      metadata: undefined,
    };
  }

  /** The task, then what happens to it: until it has ended, or rests where `untilItRests`. */
  async *follow(signal: AbortSignal, untilItRests: boolean): AsyncGenerator<StreamResponse, void, undefined> {
    this.readers++;
    try {
      let next = this.events.length;
      yield { payload: { $case: 'task', value: this.task() } };
      for (;;) {
        while (next < this.events.length) yield this.events[next++]!;
        if (signal.aborted || this.hasEnded || (untilItRests && this.rests)) return;
        await this.news(signal);
      }
    } finally {
      this.readers--;
      this.forget();
    }
  }

  /** Resolves when it rests, or the signal aborts. */
  async rested(signal: AbortSignal): Promise<void> {
    while (!this.rests && !signal.aborted) await this.news(signal);
  }

  private news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.followers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.followers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  private publish(event: StreamResponse): void {
    this.events.push(event);
    for (const wake of [...this.followers]) wake();
    this.forget();
  }

  private forget(): void {
    if (this.hasEnded && this.readers === 0) this.events = [];
  }

  private grow(parts: readonly SdkPart[]): void {
    if (parts.length === 0) return;
    const append = this.answer.length > 0;
    for (const part of parts) this.add(part);
    const value = {
      ...this.ids,
      artifact: this.artifact(parts),
      append,
      lastChunk: false,
      metadata: undefined,
    };
    this.publish({ payload: { $case: 'artifactUpdate', value } });
  }

  /** Texts that follow each other are one. */
  private add(part: SdkPart): void {
    const last = this.answer.at(-1)?.content;
    if (last?.$case === 'text' && part.content?.$case === 'text') {
      const value = last.value + part.content.value;
      this.answer[this.answer.length - 1] = { ...part, content: { $case: 'text', value } };
    } else this.answer.push(part);
  }

  private artifact(parts: readonly SdkPart[]) {
    const bare = { name: '', description: '', metadata: undefined, extensions: [] };
    return { artifactId: this.artifactId, parts: [...parts], ...bare };
  }

  private words(text: string): SdkMessage {
    const message = Message.builder().role('agent').text(text).taskId(this.id).contextId(this.contextId);
    return toSdkMessage(message.build());
  }

  private get status() {
    const timestamp = new Date(this.changedAt).toISOString();
    return { state: toSdkState(this.state), message: this.said, timestamp };
  }

  private get ids() {
    return { taskId: this.id, contextId: this.contextId };
  }
}
