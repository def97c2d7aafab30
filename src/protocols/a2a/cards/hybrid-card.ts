import { isObject, type JsonObject } from '../../../core/json.js';
import { version } from '../../../transport/version.js';
import type { CardSubject } from './card-subjects.js';

/** A hybrid card: the fields of 0.3 and of 1.0 beside each other, so that clients of both read it. */
export type CardWire = Readonly<Record<string, unknown>>;

/** What all cards of a gateway have in common. */
export interface CardFacts {
  /** The configured public URL. */
  readonly base: string;
  /** `host:port` of the gRPC listener, if there is one. */
  readonly grpc?: string | undefined;
  /** Security schemes; none while callers need no credential. */
  readonly security: JsonObject;
  readonly streaming: boolean;
  readonly pushNotifications: boolean;
  /** URIs of extensions that every caller must ask for. */
  readonly requiredExtensions: readonly string[];
  /** Callers with a credential get another card (1.0 §3.1.11). */
  readonly extended: boolean;
}

/** An entry of the card's list of addresses. */
interface Interface {
  readonly url: string;
  readonly protocolBinding: string;
  readonly tenant?: string;
}

const MODES = ['text/plain', 'application/json'];

/** A2A 1.0 §4.4 and 0.3 §5.5 in one. */
export function hybridCard(subject: CardSubject, facts: CardFacts): CardWire {
  const url = facts.base + subject.path;
  const http = ['JSONRPC', 'HTTP+JSON'].map((protocolBinding) => ({ url, protocolBinding }));
  const current: Interface[] = [...http, ...grpcInterface(subject, facts)];
  // 0.3 has no tenant, so its gRPC could not tell one agent from another.
  const legacy = current.filter(({ tenant }) => tenant === undefined);
  return {
    name: subject.name,
    description: subject.description,
    version: subject.version ?? version,
    // 0.3
    protocolVersion: '0.3.0',
    url,
    preferredTransport: 'JSONRPC',
    additionalInterfaces: legacy.map((one) => ({
      url: one.url === facts.grpc ? asUrl(one.url, facts.base) : one.url,
      transport: one.protocolBinding,
    })),
    supportsAuthenticatedExtendedCard: facts.extended,
    // 1.0
    supportedInterfaces: [
      ...current.map((one) => ({ ...one, protocolVersion: '1.0' })),
      ...legacy.map((one) => ({ ...one, protocolVersion: '0.3' })),
    ],
    capabilities: capabilitiesOf(facts),
    defaultInputModes: MODES,
    defaultOutputModes: MODES,
    ...ownWords(subject.extra ?? {}),
    skills: subject.skills.map(({ id, name, description, tags }) => ({
      id,
      name,
      description: description || name,
      tags: tags.length > 0 ? tags : [id],
    })),
    ...facts.security,
  };
}

/** 0.3 wants URLs (§5.5.5), also where a binding has none; 1.0's clients want gRPC's own form. */
const asUrl = (address: string, base: string): string => `${new URL(base).protocol}//${address}`;

const grpcInterface = ({ tenant }: CardSubject, { grpc }: CardFacts): Interface[] =>
  grpc === undefined ? [] : [{ url: grpc, protocolBinding: 'GRPC', ...(tenant !== undefined && { tenant }) }];

const capabilitiesOf = (facts: CardFacts): JsonObject => ({
  streaming: facts.streaming,
  pushNotifications: facts.pushNotifications,
  stateTransitionHistory: true,
  extendedAgentCard: facts.extended,
  ...(facts.requiredExtensions.length > 0 && {
    extensions: facts.requiredExtensions.map((uri) => ({ uri, required: true })),
  }),
});

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);

/** What an agent's own card says where A2A's has a place for it; of the wrong type it is left out. */
function ownWords(extra: JsonObject): CardWire {
  const kept: Record<string, unknown> = {};
  for (const field of ['documentationUrl', 'iconUrl']) if (isText(extra[field])) kept[field] = extra[field];
  for (const field of ['defaultInputModes', 'defaultOutputModes'])
    if (isTexts(extra[field])) kept[field] = extra[field];
  const { provider } = extra;
  if (isObject(provider) && isText(provider['organization']) && isText(provider['url']))
    kept['provider'] = { organization: provider['organization'], url: provider['url'] };
  return kept;
}
