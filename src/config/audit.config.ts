import { age, boolean } from './kinds.js';
import { concern, setting } from './setting.js';

/** Who did what. */
export class AuditConfig extends concern('audit', {
  retention: setting(age, '90d', 'entries of the audit log are kept this long'),
  tasks: setting(
    boolean,
    'true',
    'whether submitting, continuing and canceling a task is an entry of the audit log',
  ),
}) {}
