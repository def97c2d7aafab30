import { version } from '../../transport/version.js';
import { agentChapter } from './skill-agents.js';
import { botChapter } from './skill-bots.js';
import { controlPlaneChapter } from './skill-control-plane.js';
import { sections } from './markdown.js';
import { orchestratorChapter } from './skill-orchestrators.js';
import type { SkillSettings } from './skill-settings.js';

/**
 * GET /.well-known/skill.md: the whole protocol for a reader that knows nothing else, a program or a language model.
 * Names, codes, states and limits come from the tables that the code itself runs on.
 */
export const skillDocument = (config: SkillSettings): string =>
  `${sections(
    `# agent-gateway ${version}: how to talk to it`,
    [
      'This gateway stands between **orchestrators**, which have work to be done, and **bots** (agents), which do it.',
      'An orchestrator submits a task that names a *skill*; the gateway picks an online bot with that skill, hands the task over,',
      'keeps every event durably, and streams progress and the result back. Bots dial out to the gateway, so they need no public address.',
    ].join('\n'),
    'Are you an orchestrator? Read part 1. Are you a bot? Read part 2. Devices and their data: part 3. An agent that keeps no connection? Read part 4. All text is UTF-8; all bodies and frames are JSON.',
    orchestratorChapter(config),
    botChapter(config),
    controlPlaneChapter(config),
    agentChapter(config),
  )}\n`;
