import { sql, type Kysely } from 'kysely';
import type { AgentMessage } from '../../core/agent-message.js';
import type { AgentName, Namespace } from '../../core/ids.js';
import type { TopicKey, TopicSubscription, TopicValue } from '../../core/topic.js';
import { param, placeholders, Prepared } from './prepared.js';
import type { TopicRow, TopicSubscriptionRow } from './mail-schema.js';
import type { Schema } from './schema.js';

/** Subscriptions that a list shows at most. */
const MAX_LISTED = 1000;

type Key = Pick<TopicRow, 'namespace' | 'topic'>;
type Id = Pick<TopicSubscriptionRow, 'id'>;

// prettier-ignore
const COLUMNS: readonly (keyof TopicSubscriptionRow)[] = [
  'id', 'namespace', 'topic', 'agent', 'webhook_url', 'secret', 'created_by', 'created_at',
];

/** Every statement of the topic store, compiled once for a dialect. */
export const topicStatements = (db: Kysely<Schema>) => ({ ...topics(db), ...subscriptions(db) });

function topics(db: Kysely<Schema>) {
  const { namespace, topic, ...changing } = placeholders<TopicRow>(
    'namespace',
    'topic',
    'seq',
    'retained',
    'updated_at',
  );
  return {
    setTopic: new Prepared<TopicRow>(
      db
        .insertInto('topics')
        .values({ namespace, topic, ...changing })
        .onConflict((conflict) => conflict.columns(['namespace', 'topic']).doUpdateSet(changing)),
    ),
    topic: new Prepared<Key>(
      db.selectFrom('topics').selectAll().where('namespace', '=', namespace).where('topic', '=', topic),
    ),
    purgeTopics: new Prepared<{ before: number }>(
      db
        .deleteFrom('topics')
        .where('updated_at', '<', param<number>('before'))
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('topic_subscriptions')
                .select(sql<number>`1`.as('one'))
                .whereRef('topic_subscriptions.namespace', '=', 'topics.namespace')
                .whereRef('topic_subscriptions.topic', '=', 'topics.topic'),
            ),
          ),
        ),
    ),
  };
}

function subscriptions(db: Kysely<Schema>) {
  const all = db.selectFrom('topic_subscriptions').selectAll();
  const namespace = param<string>('namespace');
  return {
    insertSubscription: new Prepared<TopicSubscriptionRow>(
      db.insertInto('topic_subscriptions').values(placeholders<TopicSubscriptionRow>(...COLUMNS)),
    ),
    deleteSubscription: new Prepared<Id>(
      db.deleteFrom('topic_subscriptions').where('id', '=', param<string>('id')),
    ),
    subscription: new Prepared<Id>(all.where('id', '=', param<string>('id'))),
    subscribers: new Prepared<Key>(
      all.where('namespace', '=', namespace).where('topic', '=', param<string>('topic')).orderBy('id'),
    ),
    subscriptionsOf: new Prepared<Pick<Key, 'namespace'>>(
      all.where('namespace', '=', namespace).orderBy('topic').orderBy('id').limit(MAX_LISTED),
    ),
    allSubscriptions: new Prepared<object>(all.orderBy('id').limit(MAX_LISTED)),
  };
}

export const topicKey = ({ namespace, topic }: TopicKey): Key => ({ namespace, topic });

export const toTopicRow = (value: TopicValue): TopicRow => ({
  ...topicKey(value),
  seq: value.seq,
  retained: value.retained && JSON.stringify(value.retained),
  updated_at: value.updatedAt,
});

export const toTopicValue = (row: TopicRow): TopicValue => ({
  namespace: row.namespace as Namespace,
  topic: row.topic,
  seq: row.seq,
  retained: row.retained === null ? null : (JSON.parse(row.retained) as AgentMessage),
  updatedAt: row.updated_at,
});

export const toSubscriptionRow = (subscription: TopicSubscription): TopicSubscriptionRow => ({
  ...topicKey(subscription),
  id: subscription.id,
  agent: subscription.agent,
  webhook_url: subscription.webhookUrl,
  secret: subscription.secret,
  created_by: subscription.createdBy,
  created_at: subscription.createdAt,
});

export const toSubscription = (row: TopicSubscriptionRow): TopicSubscription => ({
  id: row.id,
  namespace: row.namespace as Namespace,
  topic: row.topic,
  agent: row.agent as AgentName | null,
  webhookUrl: row.webhook_url,
  secret: row.secret,
  createdBy: row.created_by,
  createdAt: row.created_at,
});
