export const skillDocument = (_config: unknown): string => 'todo';
