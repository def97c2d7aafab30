import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../core/errors.js';
import type { Principal } from '../../core/principal.js';
import type { TaskReport } from '../../core/task.js';
import { isInterrupted, isTerminal } from '../../core/task-states.js';
import { Members } from '../members/members.service.js';
import { TasksService } from '../tasks/tasks.service.js';

/** What members report about their tasks by a call of their own. */
@Injectable()
export class MemberReports {
  constructor(
    private readonly members: Members,
    private readonly tasks: TasksService,
  ) {}

  /**
   * Takes a report on a task from the member that has it (or had it last); a sign of life, too. Resolves when it is stored.
   * @throws GatewayError TASK_NOT_FOUND (unknown, foreign, ended, of another attempt), FORBIDDEN, and as `TasksService.report`
   */
  async take(caller: Principal, id: string, report: TaskReport): Promise<void> {
    const { id: taskId, agent: ref } = await this.tasks.record(caller, id);
    if (!ref || !this.members.byRef(ref))
      throw new GatewayError('TASK_NOT_FOUND', 'task_id: no open task of this agent has this id');
    const connection = this.members.presentAt(caller, ref);
    if (!connection.agent) throw new GatewayError('AGENT_NOT_FOUND', 'the agent of this task is offline');
    await this.tasks.report(connection.agent, taskId, report);
    connection.reported(taskId, isTerminal(report.status) || isInterrupted(report.status));
  }
}
