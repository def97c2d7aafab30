import fc from 'fast-check';
import { GatewayError } from '../../core/errors.js';
import { toNewTask } from './new-task.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const seed = { skill: 'summarize', instruction: '请摘要:AI正在改变世界...' };
const refusal = (body: unknown, key?: unknown): GatewayError => {
  try {
    toNewTask(body, key);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

test('B031: the seed body becomes the message that the bot gets', () => {
  const task = toNewTask(seed, undefined);
  expect(task.skill).toBe('summarize');
  expect(task.input).toEqual({
    message: { role: 'user', parts: [{ type: 'text', text: '请摘要:AI正在改变世界...' }] },
    constraints: {},
    metadata: {},
  });
  expect(task).not.toHaveProperty('idempotencyKey');
  expect(task).not.toHaveProperty('fingerprint');
});

test('every field arrives', () => {
  const task = toNewTask(
    {
      ...seed,
      constraints: { max_words: 50 },
      metadata: { trace: 'x' },
      namespace: 'production',
      agent_id: 'bot-1',
      context_id: 'c-1',
      priority: 'high',
      timeout_s: 1.5,
      idempotent: true,
      wait_for_agent: false,
      callback_url: 'https://x.example/hook',
      callback_secret: SECRET,
      something_else: 1,
    },
    undefined,
  );
  expect(task).toMatchObject({
    input: { constraints: { max_words: 50 }, metadata: { trace: 'x' } },
    namespace: 'production',
    agent: 'bot-1',
    contextId: 'c-1',
    priority: 'high',
    timeoutMs: 1_500,
    idempotent: true,
    waitForAgent: false,
    callback: { url: 'https://x.example/hook', secret: SECRET },
  });
  expect(task).not.toHaveProperty('something_else');
});

test('null means absent', () => {
  const task = toNewTask(
    { ...seed, namespace: null, constraints: null, priority: null, timeout_s: null, callback_url: null },
    null,
  );
  expect(task).toEqual(toNewTask(seed, undefined));
});

describe('message instead of instruction', () => {
  const messageOf = (message: unknown): unknown =>
    toNewTask({ skill: 's', message }, undefined).input.message;

  test('every spelling of a part becomes type', () => {
    const parts = [
      { text: 'a' },
      { type: 'text', text: 'b' },
      { kind: 'text', text: 'c' },
      { kind: 'data', data: { x: 1 } },
    ];
    expect(messageOf({ role: 'user', parts })).toEqual({
      role: 'user',
      parts: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
        { type: 'text', text: 'c' },
        { type: 'data', data: { x: 1 } },
      ],
    });
  });

  test.each([
    ['both', { ...seed, message: { parts: [{ text: 'a' }] } }, 'message'],
    ['no object', { skill: 's', message: 'hi' }, 'message'],
    ['another role', { skill: 's', message: { role: 'robot', parts: [{ text: 'a' }] } }, 'message.role'],
    ['no parts', { skill: 's', message: { role: 'user' } }, 'message.parts'],
    ['empty parts', { skill: 's', message: { parts: [] } }, 'message.parts'],
    ['a part that is no object', { skill: 's', message: { parts: ['a'] } }, 'message.parts[0]'],
    ['a text that is no string', { skill: 's', message: { parts: [{ text: 1 }] } }, 'message.parts[0].text'],
  ])('%s: refused', (_, body, field) => {
    expect(refusal(body)).toMatchObject({ code: 'INVALID', data: { field } });
  });
});

test.each([
  ['body', 'text'],
  ['body', []],
  ['skill', { instruction: 'x' }],
  ['skill', { ...seed, skill: '' }],
  ['skill', { ...seed, skill: 'a\u202eb' }],
  ['skill', { ...seed, skill: 'x'.repeat(129) }],
  ['skill', { ...seed, skill: 5 }],
  ['instruction', { skill: 's' }],
  ['instruction', { skill: 's', instruction: '   ' }],
  ['instruction', { skill: 's', instruction: { text: 'x' } }],
  ['constraints', { ...seed, constraints: [] }],
  ['constraints', { ...seed, constraints: 'x' }],
  ['metadata', { ...seed, metadata: 1 }],
  ['namespace', { ...seed, namespace: 'a\nb' }],
  ['agent_id', { ...seed, agent_id: 7 }],
  ['context_id', { ...seed, context_id: '' }],
  ['priority', { ...seed, priority: 'urgent' }],
  ['timeout_s', { ...seed, timeout_s: 0 }],
  ['timeout_s', { ...seed, timeout_s: -1 }],
  ['timeout_s', { ...seed, timeout_s: 86_401 }],
  ['timeout_s', { ...seed, timeout_s: '5' }],
  ['idempotent', { ...seed, idempotent: 'yes' }],
  ['wait_for_agent', { ...seed, wait_for_agent: 1 }],
  ['callback_url', { ...seed, callback_url: 'not a URL' }],
  ['callback_url', { ...seed, callback_url: `https://x/${'x'.repeat(2048)}` }],
  ['callback_secret', { ...seed, callback_secret: SECRET }],
  ['callback_secret', { ...seed, callback_url: 'https://x', callback_secret: 'secret' }],
  ['callback_secret', { ...seed, callback_url: 'https://x', callback_secret: 'whsec_c2hvcnQ=' }],
  ['callback_secret', { ...seed, callback_url: 'https://x', callback_secret: `${SECRET}!` }],
])('a wrong %s is refused by name: %j', (field, body) => {
  const error = refusal(body);
  expect(error).toMatchObject({ code: 'INVALID', data: { field } });
  expect(error.message).toMatch(new RegExp(`^${field.replace('[', '\\[')}: got .+, allowed: .+`));
});

describe('Idempotency-Key', () => {
  const print = (body: object): string | undefined => toNewTask(body, 'k').fingerprint;

  test.each(['', ' ', 'a b', 'é', 'x'.repeat(256), 'a\nb', 5])('%j is refused', (key) => {
    expect(refusal(seed, key)).toMatchObject({ code: 'INVALID', data: { field: 'Idempotency-Key' } });
  });

  test('255 visible characters pass', () => {
    expect(toNewTask(seed, 'x'.repeat(255)).idempotencyKey).toHaveLength(255);
  });

  test('the fingerprint is about the meaning, not the spelling', () => {
    const { skill, instruction } = seed;
    expect(print({ instruction, skill })).toBe(print(seed));
    expect(print({ ...seed, constraints: {}, namespace: null, ignored: 1 })).toBe(print(seed));
    expect(print({ skill, message: { parts: [{ text: instruction }] } })).toBe(print(seed));
    expect(print({ ...seed, constraints: { a: 1, b: [{ c: 1, d: 2 }] } })).toBe(
      print({ ...seed, constraints: { b: [{ d: 2, c: 1 }], a: 1 } }),
    );
  });

  test('another meaning has another fingerprint', () => {
    const others = [
      { ...seed, skill: 'translate' },
      { ...seed, instruction: 'x' },
      { ...seed, constraints: { a: 1 } },
      { ...seed, constraints: { a: [1] } },
      { ...seed, constraints: { a: { '0': 1 } } },
      { ...seed, metadata: { a: 1 } },
      { ...seed, constraints: JSON.parse('{"__proto__":{"a":1}}') as object },
      { ...seed, namespace: 'production' },
      { ...seed, timeout_s: 5 },
    ];
    expect(new Set([seed, ...others].map(print)).size).toBe(others.length + 1);
  });
});

test('whatever comes: a task or INVALID, never a defect', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.option(fc.string()), (body, key) => {
      try {
        toNewTask(body, key);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID' });
      }
    }),
  );
  fc.assert(
    fc.property(
      fc.record({ skill: fc.jsonValue(), message: fc.jsonValue(), timeout_s: fc.jsonValue() }),
      (body) => {
        try {
          toNewTask(body, undefined);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID' });
        }
      },
    ),
  );
});
