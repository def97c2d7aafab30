/** The import table of docs/architecture.md as rules; `npm run imports` checks it, and that there are no cycles. */
const ring = (from, allowed, name = from) => ({
  name: `${name}-imports`,
  comment: `${name} may import only: ${allowed.join(', ')}`,
  severity: 'error',
  from: { path: `^src/${from}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^src/', pathNot: allowed.map((path) => `^src/${path}`) },
});

/** Wire types may be read by every protocol; what they import themselves is governed by `wire-imports`. */
const WIRE = '[^ ]*\\.wire\\.ts$';
const engine = (module, others) =>
  ring(
    `engine/${module}`,
    ['core/', 'config/', `engine/${module}/`, ...others.map((o) => `engine/${o}/`)],
    `engine/${module}`,
  );

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: ['\\.spec\\.ts$', '^src/main\\.ts$', '-worker\\.ts$', '^src/cli/'],
      },
      to: {},
    },
    ring('core', ['core/']),
    ring('config', ['core/', 'config/']),
    ring('transport', ['core/', 'config/', 'transport/']),
    engine('auth', []),
    engine('registry', ['auth']),
    engine('limits', ['auth']),
    engine('audit', ['auth']),
    engine('routing', ['auth', 'registry']),
    engine('heartbeat', ['registry']),
    engine('tasks', ['auth', 'registry', 'routing']),
    engine('resources', ['auth']),
    engine('members', ['auth', 'registry']),
    engine('routes', ['auth', 'registry', 'members', 'resources']),
    engine('mail', ['auth', 'registry', 'members', 'messages', 'tasks']),
    engine('messages', ['auth', 'tasks']),
    ...['rest', 'jsonrpc', 'bot', 'a2a', 'admin', 'callback', 'ooder', 'webhook'].map((name) =>
      ring(
        `protocols/${name}`,
        [
          'core/',
          'config/',
          'transport/',
          'engine/',
          `protocols/${name}/`,
          'protocols/[^/]+/[^/]+\\.wire\\.ts$',
        ],
        `protocols/${name}`,
      ),
    ),
    ring('adapters', ['core/', 'config/', 'adapters/', '.*\\.store\\.ts$', '.*\\.port\\.ts$']),
    ring('ops', ['core/', 'config/', 'transport/', 'engine/', 'ops/']),
    ring('sdk', ['core/', 'sdk/', WIRE]),
    ring('cli', [
      'core/',
      'config/',
      'engine/audit/',
      'engine/auth/',
      'adapters/',
      'cli/',
      'sdk/',
      'main\\.ts$',
      'transport/version\\.ts$',
    ]),
    {
      name: 'wire-imports',
      comment: 'wire files ship with the SDK: they import core and other wire files only',
      severity: 'error',
      from: { path: `^src/${WIRE}` },
      to: { path: '^src/', pathNot: ['^src/core/', `^src/${WIRE}`] },
    },
    {
      name: 'core-is-pure',
      comment: 'core is words: no Nest, no Node API',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^src/' },
    },
    {
      name: 'engine-knows-no-wire',
      comment: 'the engine speaks to no socket, broker or database itself',
      severity: 'error',
      from: { path: '^src/engine/', pathNot: '\\.spec\\.ts$' },
      to: { path: 'node_modules/(ws|express|mqtt|pg|redis|kysely|undici)/|^node:(sqlite|http2|net)$' },
    },
    {
      name: 'tests-stay-out',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench|examples)/|\\.spec\\.ts$' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    moduleSystems: ['cjs', 'es6'],
  },
};
