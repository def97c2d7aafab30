import { Module, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { AgentLoss } from './agent-loss.js';
import { Continuations } from './continuations.js';
import { Conversations } from './conversations.js';
import { Deadlines } from './deadlines.js';
import { Dispatcher } from './dispatcher.js';
import { Holdings } from './holdings.js';
import { LiveTasks } from './live-tasks.js';
import { Recovery } from './recovery.js';
import { Reports } from './reports.js';
import { Retention } from './retention.js';
import { Submissions } from './submissions.js';
import { TaskCalls } from './task-calls.js';
import { TaskQuota } from './task-quota.js';
import { TaskLog } from './task-log.js';
import { TasksService } from './tasks.service.js';
import { TaskSteps } from './task-steps.js';
import { WaitingQueue } from './waiting-queue.js';

/** Tasks: the durable record, its log, and who works on it. The store comes from a storage adapter. */
@Module({
  imports: [AuthModule, RegistryModule, RoutingModule],
  providers: [
    AgentLoss,
    Continuations,
    Conversations,
    Deadlines,
    Dispatcher,
    Holdings,
    LiveTasks,
    Recovery,
    Reports,
    Retention,
    Submissions,
    TaskCalls,
    TaskQuota,
    TaskLog,
    TasksService,
    TaskSteps,
    WaitingQueue,
  ],
  exports: [TasksService, Holdings, LiveTasks, WaitingQueue, TaskCalls, TaskLog],
})
export class TasksModule implements OnModuleInit, BeforeApplicationShutdown {
  constructor(
    private readonly recovery: Recovery,
    private readonly dispatcher: Dispatcher,
  ) {}

  onModuleInit(): Promise<void> {
    return this.recovery.run();
  }

  /** Before sockets close: agents that leave because of the shutdown are not lost. */
  beforeApplicationShutdown(): void {
    this.dispatcher.stop();
  }
}
