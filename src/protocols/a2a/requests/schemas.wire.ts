import { z } from 'zod';

/**
 * What the fields of A2A's requests may be; each message completes "allowed: …". Unknown fields pass (1.0 §5.7: ignore them).
 * The SDK's codecs turn anything into something, so what is wrong must be found before them.
 */
const MAX_ID = 256;
const MAX_METADATA = 65_536;

const string = z.string('a string');
const strings = z.array(string, 'a list of strings');
const object = z.looseObject({}, 'an object');
const flag = z.boolean('true or false');

const name = (what: string) =>
  z
    .string(what)
    .refine((value) => value.trim() !== '' && value.length <= MAX_ID, { error: what, abort: true });

const metadata = object.refine((value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA, {
  error: `at most ${MAX_METADATA} bytes`,
});

/** Numbers may come as text (ProtoJSON, and every query). */
const whole = (min: number, max: number, allowed: string) =>
  z
    .union([z.number(), z.string().regex(/^-?\d{1,10}$/, allowed)], allowed)
    .refine((value) => Number.isInteger(Number(value)) && Number(value) >= min && Number(value) <= max, {
      error: allowed,
    });

const historyLength = whole(0, 2 ** 31 - 1, 'a whole number from 0').nullish();

export const hasHistoryLength = z.looseObject({ historyLength }, 'an object');
export const hasTaskId = z.looseObject({ id: name('the id of a task') }, 'an object');

const CONTENTS = ['text', 'raw', 'url', 'data'];
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

const part10 = z
  .looseObject(
    {
      text: string.nullish(),
      raw: z.string('base64').regex(BASE64, 'base64').nullish(),
      url: string.nullish(),
      metadata: metadata.nullish(),
      filename: string.nullish(),
      mediaType: string.nullish(),
    },
    'an object',
  )
  .refine((part) => CONTENTS.filter((one) => part[one] !== undefined && part[one] !== null).length === 1, {
    error: `a part with exactly one of ${CONTENTS.join(', ')}`,
  });

const file03 = z
  .looseObject(
    { bytes: z.string('base64').regex(BASE64, 'base64').optional(), uri: string.optional() },
    'an object',
  )
  .refine(({ bytes, uri }) => (bytes === undefined) !== (uri === undefined), {
    error: 'a file with exactly one of bytes, uri',
  });

const part03 = z.discriminatedUnion(
  'kind',
  [
    z.looseObject({ kind: z.literal('text'), text: string, metadata: metadata.nullish() }),
    z.looseObject({ kind: z.literal('file'), file: file03, metadata: metadata.nullish() }),
    z.looseObject({ kind: z.literal('data'), data: object, metadata: metadata.nullish() }),
  ],
  'a part with text, file or data',
);

const LIST_OF_PARTS = 'a list of at least one part';

const message = <P extends z.ZodType, R extends string>(part: P, roles: readonly [R, R]) =>
  z.looseObject(
    {
      messageId: name(`a string of 1 to ${MAX_ID} characters, not blank`),
      role: z.enum(roles, roles.join(' or ')),
      parts: z.array(part, LIST_OF_PARTS).min(1, LIST_OF_PARTS),
      contextId: string.max(MAX_ID, `at most ${MAX_ID} characters`).nullish(),
      taskId: string.max(MAX_ID, `at most ${MAX_ID} characters`).nullish(),
      metadata: metadata.nullish(),
      extensions: strings.nullish(),
      referenceTaskIds: strings.nullish(),
    },
    'an object',
  );

const configuration = z
  .looseObject(
    {
      historyLength,
      acceptedOutputModes: strings.nullish(),
      returnImmediately: flag.nullish(),
      blocking: flag.nullish(),
      taskPushNotificationConfig: object.nullish(),
      pushNotificationConfig: object.nullish(),
    },
    'an object',
  )
  .nullish();

/** A request that holds a message, by version. */
export const SENDS = {
  '1.0': z.looseObject(
    { message: message(part10, ['ROLE_USER', 'ROLE_AGENT']), configuration, metadata: metadata.nullish() },
    'an object',
  ),
  '0.3': z.looseObject(
    { message: message(part03, ['user', 'agent']), configuration, metadata: metadata.nullish() },
    'an object',
  ),
} as const;

const TASK_STATES = [
  'TASK_STATE_UNSPECIFIED',
  'TASK_STATE_SUBMITTED',
  'TASK_STATE_WORKING',
  'TASK_STATE_COMPLETED',
  'TASK_STATE_FAILED',
  'TASK_STATE_CANCELED',
  'TASK_STATE_INPUT_REQUIRED',
  'TASK_STATE_REJECTED',
  'TASK_STATE_AUTH_REQUIRED',
] as const;

/** ListTasks (1.0 §3.1.4), from a body or a query. */
export const lists = z.looseObject(
  {
    contextId: string.nullish(),
    status: z.enum(TASK_STATES, TASK_STATES.join(', ')).nullish(),
    pageSize: whole(1, 100, '1 to 100').nullish(),
    pageToken: string.nullish(),
    historyLength,
    statusTimestampAfter: z
      .string('a time of ISO 8601')
      .refine((time) => !Number.isNaN(Date.parse(time)), 'a time of ISO 8601')
      .nullish(),
    includeArtifacts: z.union([z.boolean(), z.enum(['true', 'false'])], 'true or false').nullish(),
  },
  'an object',
);

/** CreateTaskPushNotificationConfig of 1.0. */
export const pushConfig = z.looseObject(
  {
    taskId: name('the id of a task'),
    url: name('an http or https URL'),
    id: string.nullish(),
    token: string.nullish(),
    authentication: z
      .looseObject(
        { scheme: name('an HTTP authentication scheme'), credentials: string.nullish() },
        'an object',
      )
      .nullish(),
  },
  'an object',
);

/** A request about one push configuration, in 1.0. */
export const namesPushConfig = z.looseObject(
  { taskId: name('the id of a task'), id: name('the id of a push configuration') },
  'an object',
);

/** A request about all push configurations of a task, in 1.0. */
export const listsPushConfigs = z.looseObject({ taskId: name('the id of a task') }, 'an object');
