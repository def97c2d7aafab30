import { Injectable, Logger } from '@nestjs/common';
import type { TaskRecord } from '../../core/task.js';
import { AgentLoss } from './agent-loss.js';
import { Conversations } from './conversations.js';
import { Deadlines } from './deadlines.js';
import { Dispatcher } from './dispatcher.js';
import { LiveTask } from './live-task.js';
import { LiveTasks } from './live-tasks.js';
import { TaskStore } from './task.store.js';

/** Takes up every open task where the last process left it. Runs before any listener opens. */
@Injectable()
export class Recovery {
  private readonly logger = new Logger('Recovery');

  constructor(
    private readonly store: TaskStore,
    private readonly conversations: Conversations,
    private readonly live: LiveTasks,
    private readonly dispatcher: Dispatcher,
    private readonly agentLoss: AgentLoss,
    private readonly deadlines: Deadlines,
  ) {}

  async run(): Promise<void> {
    const records = await this.store.open();
    for (const record of records) await this.takeUp(record);
    if (records.length > 0) this.logger.log(`took up ${records.length} open tasks`);
  }

  private async takeUp(record: TaskRecord): Promise<void> {
    const task = LiveTask.takenUp(record);
    this.live.takeUp(task);
    if (task.begun || task.interrupted || task.continues) await this.conversations.replay(task);
    if (task.interrupted) this.deadlines.watch(task);
    else if (task.begun) this.agentLoss.takeUp(task);
    else this.dispatcher.place(task);
  }
}
