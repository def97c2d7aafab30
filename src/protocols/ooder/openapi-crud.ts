import {
  jsonBody,
  queryParameter,
  ref,
  type Examples,
  type Operation,
} from '../../transport/openapi/fragment.js';
import type { ListWords } from './list-query.js';
import {
  answer,
  BODY_REFUSALS,
  idParameter,
  IF_MATCH,
  listParameters,
  one,
  READ_REFUSALS,
  refused,
  STRICT,
} from './openapi-words.js';

interface Crud {
  readonly path: string;
  /** `Device`: its schemas are Device, NewDevice, DeviceList, its operations createDevice and so on. */
  readonly name: string;
  readonly words: ListWords<string, string>;
  readonly created: Examples;
  readonly whole: object;
  readonly patch: object;
  readonly record: { readonly [field: string]: unknown };
  readonly id: string;
  /** Something can stand below it. */
  readonly cascades?: true;
  /** It belongs to something that may not exist. */
  readonly belongs?: true;
}

/** The six routes that every kind of record has. */
export const crud = (kind: Crud): Record<string, Operation> => ({ ...collection(kind), ...item(kind) });

function collection({ path, name, words: list, created, record, belongs }: Crud): Record<string, Operation> {
  const kept = 'Durable when answered. The same content under the same id again finds what is there.';
  return {
    [`POST ${path}`]: {
      operationId: `create${name}`,
      summary: `Create a ${name.toLowerCase()}`,
      description: `Needs the right \`admin\`. ${kept}`,
      parameters: [STRICT],
      requestBody: jsonBody(ref(`New${name}`), created),
      responses: {
        201: answer('Created', name, record),
        200: answer('It was there (`Idempotent-Replay: true`)', name, record),
        ...refused(...BODY_REFUSALS, 'CONFLICT', ...(belongs ? (['NOT_FOUND'] as const) : [])),
      },
    },
    [`GET ${path}`]: {
      operationId: `list${name}s`,
      summary: `List ${name.toLowerCase()}s`,
      parameters: listParameters(list),
      responses: {
        200: answer('A page', `${name}List`, { items: [record], next_cursor: null, total: 1 }),
        ...refused(...READ_REFUSALS),
      },
    },
  };
}

function item({ path, name, whole, patch, record, id, cascades }: Crud): Record<string, Operation> {
  const key = idParameter(`The ${name.toLowerCase()}`, id);
  const refusals = refused(...BODY_REFUSALS, 'NOT_FOUND', 'CONFLICT');
  return {
    [`GET ${path}/{id}`]: {
      operationId: `get${name}`,
      summary: `One ${name.toLowerCase()}`,
      parameters: [key],
      responses: { 200: answer('It', name, record), ...refused(...READ_REFUSALS, 'NOT_FOUND') },
    },
    [`PUT ${path}/{id}`]: {
      operationId: `replace${name}`,
      summary: `Replace a ${name.toLowerCase()}`,
      description: 'Needs the right `admin`. Fields that are absent get their defaults; a status stays.',
      parameters: [key, STRICT, IF_MATCH],
      requestBody: jsonBody(ref(`New${name}`), one('The whole', whole)),
      responses: { 200: answer('Changed', name, record), ...refusals },
    },
    [`PATCH ${path}/{id}`]: {
      operationId: `patch${name}`,
      summary: `Change fields of a ${name.toLowerCase()}`,
      description: 'Needs the right `admin`.',
      parameters: [key, STRICT, IF_MATCH],
      requestBody: jsonBody(ref('MergePatch'), one('Some fields', patch)),
      responses: { 200: answer('Changed', name, record), ...refusals },
    },
    [`DELETE ${path}/{id}`]: {
      operationId: `delete${name}`,
      summary: `Remove a ${name.toLowerCase()}`,
      description: 'Needs the right `admin`.',
      parameters: [key, IF_MATCH, ...(cascades ? [CASCADE] : [])],
      responses: { 204: { description: 'It is gone' }, ...refusals },
    },
  };
}

const CASCADE = queryParameter('cascade', '`true`: with all that stands below it', { type: 'boolean' });
