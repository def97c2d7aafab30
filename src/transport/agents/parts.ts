import type { Part } from '../../core/task.js';

/** Agents are written to with `type`; parts that came without it get it. */
export const withType = (part: Part): Part =>
  part.type === undefined && part.text !== undefined ? { type: 'text', ...part } : part;
