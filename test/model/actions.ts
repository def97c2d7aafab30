import fc from 'fast-check';
import type { RoutingConfig } from '../../src/config/routing.config.js';
import type { TasksConfig } from '../../src/config/tasks.config.js';
import { PRIORITIES, type Priority } from '../../src/core/task.js';

/** How the gateway of one run is configured. */
export interface Setup {
  readonly strategy: RoutingConfig['strategy'];
  /** Who is there at the start. */
  readonly agents: readonly JoinAction[];
  readonly tasks: Partial<TasksConfig>;
}

export type ReportKind =
  | 'running'
  | 'progress'
  | 'chunk'
  | 'last chunk'
  | 'huge chunk'
  | 'completed'
  | 'completed by chunk'
  | 'failed'
  | 'rejected'
  | 'asks'
  | 'waits for authorization'
  | 'says'
  | 'another artifact';

/** One thing that happens. Numbers are places in lists of what there is then (modulo their length), so that every shrunk run makes sense. */
export type Action =
  | { readonly do: 'submit'; readonly task: SubmitAction }
  | { readonly do: 'join'; readonly agent: JoinAction }
  | { readonly do: 'leave'; readonly client: number; readonly late: boolean }
  | { readonly do: 'amend'; readonly client: number; readonly skills: number; readonly max: number }
  | {
      readonly do: 'report';
      readonly client: number;
      readonly task: number;
      readonly own: boolean;
      readonly kind: ReportKind;
      readonly attempt: 'none' | 'right' | 'wrong';
    }
  | { readonly do: 'cancel'; readonly task: number }
  | { readonly do: 'answer the agent'; readonly task: number }
  | { readonly do: 'get'; readonly task: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'commit'; readonly count: number }
  | { readonly do: 'answer'; readonly position: number; readonly stale: boolean }
  | { readonly do: 'flow' }
  | { readonly do: 'settle' }
  | {
      readonly do: 'bounce';
      readonly client: number;
      readonly replaced: boolean;
      readonly max: number | undefined;
    }
  | { readonly do: 'outage' }
  | { readonly do: 'return' }
  | {
      readonly do: 'watch';
      readonly task: number;
      readonly from: 'start' | 'somewhere' | 'beyond' | 'nonsense';
    }
  | { readonly do: 'cut'; readonly watcher: number }
  | { readonly do: 'resume'; readonly watcher: number }
  | { readonly do: 'crash'; readonly reached: number }
  | { readonly do: 'stop' };

export interface SubmitAction {
  readonly skill: number;
  readonly namespace: number;
  readonly key: number | undefined;
  readonly body: number;
  readonly priority: Priority | undefined;
  readonly context: number | undefined;
  readonly pin: number | undefined;
  readonly wait: boolean;
  readonly idempotent: boolean;
  readonly timeoutMs: number | undefined;
}

export interface JoinAction {
  readonly name: number;
  readonly namespace: number;
  /** A bit per skill. */
  readonly skills: number;
  readonly max: number;
  readonly principal: number;
  /** Gives no sign of life. */
  readonly mute: boolean;
}

const small = fc.nat({ max: 7 });
const sometimes = <T>(value: fc.Arbitrary<T>, outOf = 3): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: outOf - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const rarely = (outOf: number): fc.Arbitrary<boolean> =>
  fc.nat({ max: outOf - 1 }).map((n) => n === outOf - 1);

const submit = fc.record<SubmitAction>({
  skill: fc.nat({ max: 2 }),
  namespace: fc.constantFrom(0, 0, 1, 2),
  key: sometimes(fc.nat({ max: 2 })),
  body: fc.nat({ max: 1 }),
  priority: sometimes(fc.constantFrom(...PRIORITIES), 2),
  context: sometimes(fc.nat({ max: 1 })),
  pin: sometimes(fc.nat({ max: 2 }), 8),
  wait: fc.boolean(),
  idempotent: rarely(4),
  timeoutMs: sometimes(fc.constantFrom(50, 1_000, 30_000)),
});

const join = fc.record<JoinAction>({
  name: fc.nat({ max: 2 }),
  namespace: fc.constantFrom(0, 0, 0, 1),
  skills: fc.constantFrom(7, 7, 7, 6, 5, 3, 1),
  max: fc.integer({ min: 1, max: 3 }),
  principal: fc.nat({ max: 9 }).map((n) => (n === 9 ? 1 : 0)),
  mute: rarely(12),
});

const kind = fc.constantFrom<ReportKind>(
  'running', 'running', 'running', 'running', 'running', 'progress', 'progress', 'chunk', 'chunk', 'last chunk', 'huge chunk',
  'completed', 'completed', 'completed', 'completed', 'completed by chunk', 'failed', 'rejected', 'asks', 'asks', 'asks',
  'waits for authorization', 'says', 'another artifact',
); // prettier-ignore

const of = <A extends Action>(weight: number, arbitrary: fc.Arbitrary<A>) => ({ weight, arbitrary });

export const anAction: fc.Arbitrary<Action> = fc.oneof(
  of(16, submit.map((task) => ({ do: 'submit', task }) as const)),
  of(5, join.map((agent) => ({ do: 'join', agent }) as const)),
  of(2, fc.record({ do: fc.constant('leave' as const), client: small, late: fc.boolean() })),
  of(4, fc.record({ do: fc.constant('bounce' as const), client: small, replaced: fc.boolean(), max: sometimes(fc.integer({ min: 1, max: 3 }), 4) })),
  of(4, fc.record({ do: fc.constant('amend' as const), client: small, skills: fc.nat({ max: 7 }), max: fc.integer({ min: 1, max: 3 }) })),
  of(
    30,
    fc.record({
      do: fc.constant('report' as const),
      client: small,
      task: small,
      own: rarely(8).map((not) => !not),
      kind,
      attempt: fc.constantFrom('none' as const, 'none' as const, 'right' as const, 'wrong' as const),
    }),
  ),
  of(4, fc.record({ do: fc.constant('cancel' as const), task: small })),
  of(8, fc.record({ do: fc.constant('answer the agent' as const), task: small })),
  of(1, fc.record({ do: fc.constant('get' as const), task: small })),
  of(7, fc.constantFrom(1, 50, 100, 300, 300, 300, 1_000, 1_000, 2_500, 6_000, 12_000).map((ms) => ({ do: 'advance', ms }) as const)),
  of(14, fc.integer({ min: 1, max: 6 }).map((count) => ({ do: 'commit', count }) as const)),
  of(9, fc.record({ do: fc.constant('answer' as const), position: fc.nat({ max: 3 }), stale: fc.boolean() })),
  of(14, fc.constant({ do: 'flow' } as const)),
  of(2, fc.constant({ do: 'settle' } as const)),
  of(1, fc.constant({ do: 'outage' } as const)),
  of(2, fc.constant({ do: 'return' } as const)),
  of(4, fc.record({ do: fc.constant('watch' as const), task: small, from: fc.constantFrom('start', 'start', 'somewhere', 'beyond', 'nonsense') })),
  of(2, small.map((watcher) => ({ do: 'cut', watcher }) as const)),
  of(2, small.map((watcher) => ({ do: 'resume', watcher }) as const)),
  of(1, fc.nat({ max: 4 }).map((reached) => ({ do: 'crash', reached }) as const)),
  of(1, rarely(4).map((stop) => (stop ? ({ do: 'stop' } as const) : ({ do: 'settle' } as const)))),
); // prettier-ignore

export const aSetup: fc.Arbitrary<Setup> = fc.record({
  agents: fc.array(join, { maxLength: 4 }),
  strategy: fc.constantFrom('least_load', 'round_robin', 'affinity'),
  tasks: fc.record({
    timeout: fc.constantFrom(5_000, 20_000),
    queueTimeout: fc.constantFrom(8_000, 60_000),
    inputTimeout: fc.constantFrom(3_000, 60_000),
    queueLimit: fc.constantFrom(2, 1_000),
    whenBusy: fc.constantFrom('queue', 'queue', 'queue', 'reject'),
    reconnectGrace: fc.constantFrom(0, 2_000, 10_000),
    onAgentLost: fc.constantFrom('fail', 'requeue'),
    maxAttempts: fc.constantFrom(1, 2, 3),
    artifactLimit: fc.constant(1_000),
  }),
});
