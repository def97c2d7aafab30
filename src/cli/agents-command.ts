import type { Command } from 'commander';
import { clientOf, withConnection, type ConnectionOptions } from './connection.js';
import { plain, say, sayJson, table } from './output.js';

/** `agent-gateway agents`. */
export function addAgents(root: Command): void {
  withConnection(root.command('agents').description('list the agents that are online')).action(
    async (options: ConnectionOptions) => {
      const agents = await clientOf(options).agents();
      if (options.json) return agents.forEach(sayJson);
      if (agents.length === 0) return say('no agent is online');
      const rows = agents.map(({ name, namespace, kind, load, max_concurrency, skills }) => [
        plain(name),
        plain(namespace),
        kind,
        `${load}/${max_concurrency}`,
        plain(skills.map(({ id }) => id).join(', ')),
      ]);
      say(table([['NAME', 'NAMESPACE', 'KIND', 'LOAD', 'SKILLS'], ...rows]));
    },
  );
}
