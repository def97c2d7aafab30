import { endsTask, stateAfter, type TaskEvent, type TaskRecord } from '../../core/task.js';

/** A task as it was after one of its events, whatever has happened since. */
export function recordAt(record: TaskRecord, { seq, at, body }: TaskEvent): TaskRecord {
  if (record.seq === seq) return record;
  return {
    ...record,
    state: stateAfter(body),
    seq,
    progress: body.event === 'progress' ? { pct: body.pct, ...said(body) } : null,
    error: body.event === 'failed' || body.event === 'rejected' ? record.error : null,
    lateResult: null,
    updatedAt: at,
    endedAt: endsTask(body) ? at : null,
  };
}

const said = ({ message }: { readonly message?: string }) => (message === undefined ? {} : { message });
