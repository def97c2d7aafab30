import { Injectable, Logger } from '@nestjs/common';
import type { TaskRecord } from '../../core/task.js';
import { AgentLoss } from './agent-loss.js';
import { Dispatcher } from './dispatcher.js';
import { LiveTask } from './live-task.js';
import { LiveTasks } from './live-tasks.js';
import { TaskStore } from './task.store.js';

const PAGE = 1000;

/** Takes up every open task where the last process left it. Runs before any listener opens. */
@Injectable()
export class Recovery {
  private readonly logger = new Logger('Recovery');

  constructor(
    private readonly store: TaskStore,
    private readonly live: LiveTasks,
    private readonly dispatcher: Dispatcher,
    private readonly agentLoss: AgentLoss,
  ) {}

  async run(): Promise<void> {
    const records = await this.store.open();
    for (const record of records) await this.takeUp(record);
    if (records.length > 0) this.logger.log(`took up ${records.length} open tasks`);
  }

  private async takeUp(record: TaskRecord): Promise<void> {
    const task = LiveTask.takenUp(record);
    this.live.takeUp(task);
    if (!task.begun) return this.dispatcher.place(task);
    await this.regrow(task);
    this.agentLoss.takeUp(task);
  }

  /** Chunks of an unfinished artifact are in the log. */
  private async regrow(task: LiveTask): Promise<void> {
    for (let seq = 0; ;) {
      const events = await this.store.eventsSince(task.id, seq, PAGE);
      for (const { body } of events) {
        if (body.event === 'artifact') task.addChunk(body.artifact);
        if (body.event === 'queued') task.startArtifact();
      }
      if (events.length < PAGE) return;
      seq = events.at(-1)!.seq;
    }
  }
}
