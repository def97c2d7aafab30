import type { Namespace } from '../../core/ids.js';
import type { TopicKey, TopicSubscription, TopicValue } from '../../core/topic.js';
import type { Post } from './message.store.js';

/**
 * Port: topics with their last value, and who has subscribed.
 * A promise of a write resolves when the write is on disk; all reject with STORAGE_UNAVAILABLE while the storage refuses writes.
 */
export abstract class TopicStore {
  /** The new value of a topic and everything that goes out because of it: all or nothing. */
  abstract publish(value: TopicValue, post: Post): Promise<void>;
  abstract value(topic: TopicKey): Promise<TopicValue | undefined>;
  abstract subscribe(subscription: TopicSubscription): Promise<void>;
  abstract unsubscribe(id: string): Promise<void>;
  abstract subscription(id: string): Promise<TopicSubscription | undefined>;
  /** In the order of their ids. */
  abstract subscribers(topic: TopicKey): Promise<readonly TopicSubscription[]>;
  /** `namespace` null: of all; at most 1,000. */
  abstract list(namespace: Namespace | null): Promise<readonly TopicSubscription[]>;
  /** Deletes topics to which nothing was published since a moment and that nobody has subscribed to. */
  abstract purge(before: number): Promise<void>;
}
