import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream';
import { isObject, type Json, type JsonObject } from '../../../core/json.js';

/**
 * Servers of the adk family as a client of A2A 0.3 wants them. They differ: `taskId` names a task in `tasks/get` and
 * `tasks/cancel`; streams are at `{url}/stream`; nothing has a `kind`; `status.message` is a text; `finalUpdate` instead of
 * `final`; a cancel is answered by a status update; a task that is not there is an internal error.
 */

type Fetch = typeof fetch;

const STREAMS = 'message/stream';
/** Methods that name a task. */
const NAMES_TASK: ReadonlySet<unknown> = new Set(['tasks/get', 'tasks/cancel']);
const METHOD_NOT_FOUND = -32601;
const INTERNAL_ERROR = -32603;
const TASK_NOT_FOUND = -32001;

/**
 * A fetch for JSON-RPC of A2A 0.3 that understands adk's servers too. What is as the standard has it passes unchanged, and
 * whatever is no call of 0.3; so it does no harm where it is not known who answers.
 */
export function understandingAdk(ask: Fetch): Fetch {
  /** Addresses whose streams were found beside them. */
  const besides = new Set<string>();

  return async (input, init) => {
    const call = typeof init?.body === 'string' ? callOf(init.body) : undefined;
    const url = input instanceof Request ? input.url : String(input);
    if (!call) return ask(input, init);
    const request = { ...init, body: JSON.stringify(toAdk(call)) };
    if (call['method'] === STREAMS && besides.has(url)) return translated(await ask(besideOf(url), request));
    const answer = await translated(await ask(url, request));
    if (call['method'] !== STREAMS || !(await isElsewhere(answer))) return answer;
    const beside = await ask(besideOf(url), request);
    if (isNoSuchPath(beside)) return answer; // a server that does not stream at all
    besides.add(url);
    return translated(beside);
  };
}

const besideOf = (url: string): string => `${url.replace(/\/+$/, '')}/stream`;

/** A call of 0.3, whose methods have a slash; undefined: something else. */
function callOf(body: string): JsonObject | undefined {
  const value = parsed(body);
  return isObject(value) && typeof value['method'] === 'string' && value['method'].includes('/')
    ? value
    : undefined;
}

function toAdk(call: JsonObject): JsonObject {
  const { method, params } = call;
  if (!NAMES_TASK.has(method) || !isObject(params)) return call;
  return { ...call, params: { ...params, taskId: params['id'] } };
}

const isNoSuchPath = ({ status }: Response): boolean => status === 404 || status === 405;

/** Whether an answer says that there are no streams at this address. Leaves the body to be read again. */
async function isElsewhere(answer: Response): Promise<boolean> {
  if (isNoSuchPath(answer)) return true;
  if (isStream(answer)) return false;
  const envelope = parsed(await answer.clone().text());
  return isObject(envelope) && isObject(envelope['error']) && envelope['error']['code'] === METHOD_NOT_FOUND;
}

const isStream = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith('text/event-stream') === true;

async function translated(answer: Response): Promise<Response> {
  if (isStream(answer) && answer.body) return again(answer, standardStream(answer.body));
  const text = await answer.text();
  const envelope = parsed(text);
  return again(answer, isObject(envelope) ? JSON.stringify(standardEnvelope(envelope)) : text);
}

/** The same answer with another body; headers that describe the old one are left out. */
function again(
  { status, statusText, headers }: Response,
  body: string | ReadableStream<Uint8Array>,
): Response {
  const kept = new Headers(headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) kept.delete(name);
  return new Response(status === 204 || status === 304 ? null : body, { status, statusText, headers: kept });
}

function standardStream(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array> {
  const rewrite = new TransformStream<EventSourceMessage, string>({
    transform({ id, event, data }, out) {
      const envelope = parsed(data);
      if (!isObject(envelope)) return; // adk's `event: done` says nothing that the end of the stream does not
      const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`);
      out.enqueue(`${head}data: ${JSON.stringify(standardEnvelope(envelope))}\n\n`);
    },
  });
  return body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .pipeThrough(rewrite)
    .pipeThrough(new TextEncoderStream());
}

/** A JSON-RPC answer of adk as A2A 0.3 has it. */
function standardEnvelope(envelope: JsonObject): JsonObject {
  const { result, error } = envelope;
  if (isObject(result) && result['kind'] === undefined)
    return { ...envelope, result: standardResult(result) };
  if (isObject(error) && error['code'] === INTERNAL_ERROR && saysNotFound(error['message']))
    return { ...envelope, error: { ...error, code: TASK_NOT_FOUND } };
  return envelope;
}

const saysNotFound = (message: unknown): boolean =>
  typeof message === 'string' && /^task not found/i.test(message);

function standardResult(result: JsonObject): JsonObject {
  const { artifact, status, role, id, taskId, artifacts, finalUpdate, final = finalUpdate } = result;
  if (isObject(artifact)) return { ...result, kind: 'artifact-update', artifact: withKinds(artifact) };
  if (typeof role === 'string') return { ...withKinds(result), kind: 'message' };
  if (!isObject(status)) return result;
  const standard = standardStatus(status, taskId ?? id);
  if (id !== undefined)
    return {
      ...result,
      kind: 'task',
      status: standard,
      ...(Array.isArray(artifacts) && { artifacts: mergedById(artifacts.filter(isObject).map(withKinds)) }),
    };
  // A cancel is answered by this too, where the standard has the task: hence `id`.
  return { ...result, id: taskId, kind: 'status-update', status: standard, final: final === true };
}

function standardStatus(status: JsonObject, taskId: Json | undefined): JsonObject {
  const { message, ...rest } = status;
  if (message === undefined || message === null || message === '') return rest;
  if (isObject(message)) return { ...rest, message: { kind: 'message', ...withKinds(message) } };
  const id = typeof taskId === 'string' ? taskId : 'task';
  const parts = [{ kind: 'text', text: typeof message === 'string' ? message : JSON.stringify(message) }];
  return { ...rest, message: { kind: 'message', role: 'agent', messageId: `${id}-status`, parts } };
}

const withKinds = (holder: JsonObject): JsonObject => ({
  ...holder,
  parts: Array.isArray(holder['parts']) ? holder['parts'].filter(isObject).map(withKind) : [],
});

const withKind = (part: JsonObject): JsonObject => ({
  kind: 'file' in part ? 'file' : 'data' in part ? 'data' : 'text',
  ...part,
});

/** The pieces of one artifact come as several artifacts with one id. */
function mergedById(artifacts: readonly JsonObject[]): JsonObject[] {
  const merged = new Map<unknown, JsonObject>();
  for (const artifact of artifacts) {
    const known = merged.get(artifact['artifactId']);
    const parts = [...partsOf(known), ...partsOf(artifact)];
    merged.set(artifact['artifactId'], { ...(known ?? artifact), parts });
  }
  return [...merged.values()];
}

const partsOf = (artifact: JsonObject | undefined): JsonObject[] =>
  Array.isArray(artifact?.['parts']) ? (artifact['parts'] as JsonObject[]) : [];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
