import type { Right } from '../../core/principal.js';

/** One route of the HTTP listener, as the published protocol lists it. */
export interface RouteInfo {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The right that it needs; null: public. */
  readonly right: Right | null;
  readonly summary: string;
}

/** Every route of this folder; a test compares it with what the controllers really serve. */
export const REST_ROUTES: readonly RouteInfo[] = [
  { method: 'POST', path: '/tasks', right: 'execute', summary: 'submit a task' },
  {
    method: 'GET',
    path: '/tasks',
    right: 'read',
    summary: 'list tasks, newest first: `?status=&skill=&agent=&context_id=&limit=&cursor=`',
  },
  { method: 'GET', path: '/tasks/:id', right: 'read', summary: 'status and result of a task' },
  { method: 'GET', path: '/tasks/:id/stream', right: 'read', summary: 'its events as Server-Sent Events' },
  {
    method: 'POST',
    path: '/tasks/:id/messages',
    right: 'execute',
    summary: 'answer a bot that asks (`input_required`, `auth_required`): `{instruction}` or `{message}`',
  },
  { method: 'POST', path: '/tasks/:id/cancel', right: 'execute', summary: 'cancel it' },
  { method: 'GET', path: '/agents', right: 'read', summary: 'the agents that are online, with their load' },
  {
    method: 'POST',
    path: '/routing/explain',
    right: 'read',
    summary: 'dry run: which agent would get `{skill, namespace?, agent_id?, context_id?}`, and why',
  },
  {
    method: 'GET',
    path: '/deliveries',
    right: 'read',
    summary: 'what goes out by itself, newest first: `?status=&kind=&limit=&cursor=`',
  },
  { method: 'GET', path: '/deliveries/:delivery', right: 'read', summary: 'a delivery with all its tries' },
  {
    method: 'POST',
    path: '/deliveries/:delivery/redeliver',
    right: 'execute',
    summary: 'start one again that was given up',
  },
  { method: 'POST', path: '/oauth/token', right: null, summary: 'OAuth2 client credentials' },
  {
    method: 'GET',
    path: '/.well-known/agent.json',
    right: null,
    summary: 'the skills of all online agents as one card',
  },
  { method: 'GET', path: '/.well-known/skill.md', right: null, summary: 'this document' },
];
