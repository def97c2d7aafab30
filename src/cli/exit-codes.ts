/** How a command ends; part of what scripts rely on. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** The command could not do what it should; the message says why. */
export class CommandFailed extends Error {}

/** A task has ended, but not well; what there is to say has been said. */
export class TaskFailed extends Error {}
