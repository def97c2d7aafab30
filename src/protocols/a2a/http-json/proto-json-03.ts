import { invalid } from '../../../core/errors.js';
import { isObject, type Json, type JsonObject } from '../../../core/json.js';
import { objectAt } from '../requests/checks.wire.js';

/**
 * A2A 0.3's HTTP+JSON binding speaks the JSON of its protocol buffers (`a2a.v1`): `content` in place of `parts`, no `kind`,
 * enum words in capitals. Here that JSON is turned into the one of 0.3's JSON-RPC binding, which the SDK's handler has, and back.
 */
const ROLES = { ROLE_USER: 'user', ROLE_AGENT: 'agent' } as const;

/** The body of a send. @throws GatewayError INVALID naming the field */
export function sendFromProto(body: JsonObject): JsonObject {
  const { message, request = message, configuration, ...rest } = body;
  return {
    ...rest,
    message: messageFromProto(objectAt('message', request)),
    ...(isObject(configuration) && { configuration: configurationFromProto(configuration) }),
  };
}

function messageFromProto({ content, role, ...rest }: JsonObject): JsonObject {
  if (typeof role !== 'string' || !Object.hasOwn(ROLES, role))
    throw invalid('message.role', role, Object.keys(ROLES).join(' or '));
  if (!Array.isArray(content) || content.length === 0)
    throw invalid('message.content', content, 'a list of at least one part');
  const parts = content.map((part, index) => partFromProto(part, `message.content[${index}]`));
  return { kind: 'message', ...rest, role: ROLES[role as keyof typeof ROLES], parts };
}

function partFromProto(given: unknown, place: string): JsonObject {
  const { text, file, data, metadata } = objectAt(place, given);
  const rest = metadata === undefined ? {} : { metadata };
  if (text !== undefined) return { kind: 'text', text, ...rest };
  if (isObject(file)) return { kind: 'file', file: fileFromProto(file), ...rest };
  if (isObject(data)) return { kind: 'data', data: data['data'] ?? data, ...rest };
  throw invalid(place, given, 'a part with text, file or data');
}

function fileFromProto({ fileWithUri, fileWithBytes, ...rest }: JsonObject): JsonObject {
  return {
    ...rest,
    ...(fileWithUri !== undefined && { uri: fileWithUri }),
    ...(fileWithBytes !== undefined && { bytes: fileWithBytes }),
  };
}

/** What ProtoJSON leaves out is false: without `blocking` a configured send returns at once, as with the official servers. */
function configurationFromProto({ pushNotification, ...rest }: JsonObject): JsonObject {
  const pushNotificationConfig =
    rest['pushNotificationConfig'] ?? (isObject(pushNotification) ? pushNotification : undefined);
  return {
    blocking: false,
    ...rest,
    ...(pushNotificationConfig !== undefined && { pushNotificationConfig }),
  };
}

/** The body of a new push configuration: the object itself, or (as the standard's text has it) within `config`. */
export function pushConfigFromProto(body: JsonObject, taskId: string): JsonObject {
  const { config = body, configId } = body;
  const { pushNotificationConfig } = objectAt('config', config);
  const {
    id = configId,
    authentication,
    ...rest
  } = objectAt('pushNotificationConfig', pushNotificationConfig);
  const own = { ...rest, ...(typeof id === 'string' && { id }), ...authenticationFromProto(authentication) };
  return { taskId, pushNotificationConfig: own };
}

/** An empty message says what none says. */
function authenticationFromProto(given: Json | undefined): JsonObject {
  const { schemes, credentials } = isObject(given) ? given : {};
  const isEmpty = (!Array.isArray(schemes) || schemes.length === 0) && (credentials ?? '') === '';
  return given === undefined || isEmpty ? {} : { authentication: given };
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const word = (prefix: string, value: Json | undefined): string =>
  `${prefix}_${textOf(value).replaceAll('-', '_').toUpperCase()}`;

/** 0.3's enum spells this one with two l. */
const stateWord = (state: Json | undefined): string =>
  state === 'canceled'
    ? 'TASK_STATE_CANCELLED'
    : word('TASK_STATE', state === 'unknown' ? 'unspecified' : state);

const listOf = (value: Json | undefined, each: (item: JsonObject) => JsonObject): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject).map(each) : [];

/** A task. */
export function taskToProto({ kind: _, status, artifacts, history, ...rest }: JsonObject): JsonObject {
  return {
    ...rest,
    ...(isObject(status) && { status: statusToProto(status) }),
    artifacts: listOf(artifacts, artifactToProto),
    history: listOf(history, messageToProto),
  };
}

const statusToProto = ({ state, message, ...rest }: JsonObject): JsonObject => ({
  ...rest,
  state: stateWord(state),
  ...(isObject(message) && { message: messageToProto(message) }),
});

const artifactToProto = ({ parts, ...rest }: JsonObject): JsonObject => ({
  ...rest,
  parts: listOf(parts, partToProto),
});

/** Of 1.0's fields 0.3's protocol buffers lack `referenceTaskIds`; what is unknown is ignored by the readers. */
const messageToProto = ({ kind: _, role, parts, ...rest }: JsonObject): JsonObject => ({
  ...rest,
  role: word('ROLE', role),
  content: listOf(parts, partToProto),
});

function partToProto({ kind, text, file, data, metadata }: JsonObject): JsonObject {
  const rest = isObject(metadata) ? { metadata } : {};
  if (kind === 'text') return { text: text ?? '', ...rest };
  if (kind === 'data') return { data: { data: data ?? {} }, ...rest };
  const { uri, bytes, ...named } = objectOf(file);
  return {
    file: { ...named, ...(uri === undefined ? { fileWithBytes: bytes ?? '' } : { fileWithUri: uri }) },
    ...rest,
  };
}

/** The answer to a send, or an event of a stream: wrapped by what it is. */
export function eventToProto(event: JsonObject): JsonObject {
  const { kind, status, artifact, ...rest } = event;
  if (kind === 'task') return { task: taskToProto(event) };
  if (kind === 'message') return { message: messageToProto(event) };
  if (kind === 'status-update') return { statusUpdate: { ...rest, status: statusToProto(objectOf(status)) } };
  return { artifactUpdate: { ...rest, artifact: artifactToProto(objectOf(artifact)) } };
}

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** A push configuration. */
export const pushConfigToProto = ({ taskId, pushNotificationConfig }: JsonObject): JsonObject => {
  const config = objectOf(pushNotificationConfig);
  return {
    name: `tasks/${textOf(taskId)}/pushNotificationConfigs/${textOf(config['id'])}`,
    pushNotificationConfig: config,
  };
};

/** 0.3's `type` of a security scheme as the member of its protocol buffers. */
const SCHEMES: Readonly<Record<string, string>> = {
  http: 'httpAuthSecurityScheme',
  apiKey: 'apiKeySecurityScheme',
  oauth2: 'oauth2SecurityScheme',
  openIdConnect: 'openIdConnectSecurityScheme',
  mutualTLS: 'mtlsSecurityScheme',
};

/** A card. */
export function cardToProto({ securitySchemes, security, ...rest }: JsonObject): JsonObject {
  const schemes = Object.entries(objectOf(securitySchemes)).map(([name, given]) => {
    const { type, in: location, ...scheme } = objectOf(given);
    const own = location === undefined ? scheme : { ...scheme, location };
    return [name, { [SCHEMES[textOf(type)] ?? textOf(type)]: own }] as const;
  });
  const requirements = listOf(security, (one) => ({
    schemes: Object.fromEntries(Object.entries(one).map(([name, list]) => [name, { list: list ?? [] }])),
  }));
  return {
    ...rest,
    ...(schemes.length > 0 && { securitySchemes: Object.fromEntries(schemes) }),
    ...(requirements.length > 0 && { security: requirements }),
  };
}
