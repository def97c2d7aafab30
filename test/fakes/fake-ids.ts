import { IdSource, type TaskId } from '../../src/core/ids.js';

/** Ids by counting: later ones sort after earlier ones, and every run has the same. */
export class FakeIds extends IdSource {
  private count = 0;

  override taskId(): TaskId {
    return `t-${(++this.count).toString(16).padStart(32, '0')}` as TaskId;
  }

  override deliveryId(): string {
    return `d-${(++this.count).toString(16).padStart(32, '0')}`;
  }

  override uuid(): string {
    return `00000000-0000-4000-8000-${(++this.count).toString(16).padStart(12, '0')}`;
  }

  override timeOrderedUuid(): string {
    return `00000000-0000-7000-8000-${(++this.count).toString(16).padStart(12, '0')}`;
  }
}
