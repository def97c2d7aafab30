import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Metrics } from '../src/ops/metrics/metrics.js';

/** docs/monitoring.md against the code. */

const page = readFileSync(join(__dirname, '../docs/monitoring.md'), 'utf8');

const documented = [...page.matchAll(/^\| `(agent_gateway_\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)].map(
  ([, name, type, labels = '', help]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    help,
  }),
);

test('the table of metrics is what the gateway has', () => {
  const metrics = new Metrics('1.2.3');
  const real = metrics.registry
    .getMetricsAsArray()
    .map((metric) => metric as unknown as { name: string; help: string; type: string; labelNames: string[] })
    .filter(({ name }) => name.startsWith('agent_gateway_'))
    .map(({ name, help, labelNames, constructor }) => ({
      name,
      type: constructor.name.toLowerCase(),
      labels: [...labelNames],
      help,
    }));
  metrics.registry.clear();
  expect(documented).toEqual(real);
});

test('alerts and the sample configuration ask for metrics that exist', () => {
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, block = '']) => parse(block) as object,
  );
  expect(blocks).toHaveLength(2);
  const names = documented.map(({ name }) => name);
  const asked = [...JSON.stringify(blocks).matchAll(/agent_gateway_\w+/g)].map(([name]) => name);
  const unknown = asked.filter((name) => !names.includes(name.replace(/_(bucket|sum|count)$/, '')));
  expect(asked.length).toBeGreaterThan(5);
  expect(unknown).toEqual([]);
});
