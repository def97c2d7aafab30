import type { Namespace } from '../../../core/ids.js';
import type { TopicKey, TopicSubscription, TopicValue } from '../../../core/topic.js';
import type { Post } from '../../../engine/mail/message.store.js';
import { TopicStore } from '../../../engine/mail/topic.store.js';
import type { TopicRow, TopicSubscriptionRow } from '../mail-schema.js';
import {
  topicKey,
  topicStatements,
  toSubscription,
  toSubscriptionRow,
  toTopicRow,
  toTopicValue,
} from '../topic-statements.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { postOps } from './sqlite-message.store.js';
import { op, statements } from './statements.js';

const STATEMENTS = statements(topicStatements);

/** Topics in the gateway's SQLite file. */
export class SqliteTopicStore extends TopicStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override publish(value: TopicValue, post: Post): Promise<void> {
    return this.database.write([op(STATEMENTS.setTopic, toTopicRow(value)), ...postOps(post)], true);
  }

  override async value(topic: TopicKey): Promise<TopicValue | undefined> {
    const row = await this.database.one<TopicRow, object>(STATEMENTS.topic, topicKey(topic));
    return row && toTopicValue(row);
  }

  override subscribe(subscription: TopicSubscription): Promise<void> {
    return this.database.write([op(STATEMENTS.insertSubscription, toSubscriptionRow(subscription))], true);
  }

  override unsubscribe(id: string): Promise<void> {
    return this.database.write([op(STATEMENTS.deleteSubscription, { id })], true);
  }

  override async subscription(id: string): Promise<TopicSubscription | undefined> {
    const row = await this.database.one<TopicSubscriptionRow, object>(STATEMENTS.subscription, { id });
    return row && toSubscription(row);
  }

  override async subscribers(topic: TopicKey): Promise<readonly TopicSubscription[]> {
    const values = topicKey(topic);
    return (await this.database.all<TopicSubscriptionRow, typeof values>(STATEMENTS.subscribers, values)).map(
      toSubscription,
    );
  }

  override async list(namespace: Namespace | null): Promise<readonly TopicSubscription[]> {
    const rows =
      namespace === null
        ? this.database.all<TopicSubscriptionRow, object>(STATEMENTS.allSubscriptions, {})
        : this.database.all<TopicSubscriptionRow, { namespace: string }>(STATEMENTS.subscriptionsOf, {
            namespace,
          });
    return (await rows).map(toSubscription);
  }

  override purge(before: number): Promise<void> {
    return this.database.write([op(STATEMENTS.purgeTopics, { before })], true);
  }
}
