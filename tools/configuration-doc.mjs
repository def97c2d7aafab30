// Writes docs/configuration.md from the definitions that are loaded and checked; `--print` shows it instead.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { describeConfig } = createRequire(import.meta.url)('../dist/config/describe.js');

const cell = (text) => String(text).replaceAll('|', '\\|');
const row = ({ variable, key, default: fallback, meaning, allowed, available }) =>
  `| \`${variable}\`<br>\`${key}\` | ${cell(fallback)} | ${cell(meaning)}${available ? '' : ' *(not in this version)*'} | ${cell(allowed)} |`;

const text = `# Configuration

Sources, later wins: \`config/default.yaml\` → \`config/<profile>.yaml\` → the file in \`GATEWAY_CONFIG\` → environment.
\`GATEWAY_…_FILE\` reads a value from a file (secrets). Durations are \`250ms\`, \`10s\`, \`5m\`, \`24h\`, \`7d\` or a number of
milliseconds, sizes \`64kb\`, \`10mb\` or bytes, lists comma separated; \`off\` undoes an optional setting.

A wrong value stops the start with one line that names the key, the value and what is allowed. A setting of a feature
that this version does not have stops it too.

This page is made by \`npm run docs:configuration\`; a test compares it with the code.

| variable and key | default | meaning | allowed |
|---|---|---|---|
${describeConfig().map(row).join('\n')}
`;

if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync('docs/configuration.md', text);
