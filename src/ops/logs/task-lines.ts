import { Injectable, Logger } from '@nestjs/common';
import { LogConfig, writesDebug } from '../../config/log.config.js';
import { Clock } from '../../core/clock.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import type { LiveTask } from '../../engine/tasks/live-task.js';
import { LiveTasks } from '../../engine/tasks/live-tasks.js';

/** Lines on agents and tasks: who comes and goes at `info`, tasks that fail at `info`, every other step of a task at `debug`. */
@Injectable()
export class TaskLines {
  private readonly tasks = new Logger('Task');
  private readonly agents = new Logger('Agent');

  constructor(
    private readonly clock: Clock,
    log: LogConfig,
    live: LiveTasks,
    registry: RegistryService,
  ) {
    live.observe({
      ...(writesDebug(log) && {
        submitted: (task: LiveTask) => this.tasks.debug({ msg: 'task submitted', ...about(task) }),
      }),
      ended: (task) => {
        if (task.record.error || writesDebug(log)) this.ended(task);
      },
    });
    registry.observe({
      joined: ({ card, namespace, connection: { kind } }) =>
        this.agents.log({
          msg: 'agent online',
          agent: card.name,
          namespace,
          kind,
          skills: card.skills.length,
        }),
      left: ({ card, namespace, connection: { kind }, load }, reason) =>
        this.agents.log({ msg: 'agent gone', agent: card.name, namespace, kind, reason, load }),
    });
  }

  private ended(task: LiveTask): void {
    const { state, error, createdAt } = task.record;
    const line = { msg: `task ${state}`, ...about(task), ms: this.clock.now() - createdAt };
    if (error) this.tasks.log({ ...line, code: error.code });
    else this.tasks.debug(line);
  }
}

const about = ({ record: { id, namespace, skill, agent, attempt } }: LiveTask) => ({
  task_id: id,
  namespace,
  skill,
  agent: agent?.name,
  attempt,
});
