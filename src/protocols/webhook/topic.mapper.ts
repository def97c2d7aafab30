import { isoTime } from '../../core/clock.js';
import { invalid } from '../../core/errors.js';
import type { AgentName } from '../../core/ids.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { Published, TopicSubscription } from '../../core/topic.js';
import type { NewPublication, NewSubscription } from '../../engine/mail/topics.service.js';
import { toPush } from '../../transport/agents/message-push.js';
import { bodyObject, optionalObject } from './fields.js';
import { toSecret, toUrl, type UrlCheck } from './registration.mapper.js';
import { toContent } from './webhook.mapper.js';
import type { PublishedWire, SubscriptionWire } from './webhook.wire.js';

/** Who publishes, where nobody says. */
const GATEWAY = 'gateway' as AgentName;

/** The body of POST /gateway/topics/:topic/publish. @throws GatewayError INVALID naming the field */
export function toPublication(body: unknown): NewPublication {
  const fields = bodyObject(body);
  const { retain = true } = fields;
  if (typeof retain !== 'boolean') throw invalid('retain', retain, 'true or false');
  return {
    from: (checkOptionalName('from_agent_id', fields['from_agent_id']) as AgentName | undefined) ?? GATEWAY,
    content: toContent(fields['content']),
    metadata: optionalObject('metadata', fields['metadata']),
    retain,
  };
}

/** The body of POST /gateway/subscriptions: an agent or a URL. @throws GatewayError INVALID naming the field */
export function toSubscription(body: unknown, check: UrlCheck): NewSubscription {
  const fields = bodyObject(body);
  const { agent_id: agent, webhook_url: url, webhook_secret: secret } = fields;
  const topic = checkName('topic', fields['topic']);
  if ((agent === undefined) === (url === undefined))
    throw invalid('agent_id', agent, 'an agent, or webhook_url instead: one of the two');
  if (agent !== undefined)
    return {
      topic,
      agent: checkName('agent_id', agent) as AgentName,
      webhookUrl: undefined,
      secret: undefined,
    };
  return { topic, agent: undefined, webhookUrl: toUrl('webhook_url', url, check), secret: toSecret(secret) };
}

export const toPublished = ({ topic, seq, message }: Published): PublishedWire => ({
  topic,
  seq,
  ...toPush(message),
});

/** Neither the URL nor the secret is shown: both may be credentials. */
export const fromSubscription = ({ id, topic, agent, createdAt }: TopicSubscription): SubscriptionWire => ({
  subscription_id: id,
  topic,
  kind: agent === null ? 'webhook' : 'agent',
  ...(agent === null ? {} : { agent_id: agent }),
  created_at: isoTime(createdAt),
});
