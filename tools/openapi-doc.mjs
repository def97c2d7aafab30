// Writes docs/openapi.json from the descriptions that the gateway serves; `--print` shows it instead.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { APIS } = require('../dist/app.module.js');
const { OPS_API } = require('../dist/ops/openapi/ops.openapi.js');
const { openApiDocument } = require('../dist/ops/openapi/document.js');
const { version } = require('../dist/transport/version.js');

const text = `${JSON.stringify(openApiDocument([...APIS, OPS_API], version, 'http://127.0.0.1:8443'), null, 2)}\n`;
if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync('docs/openapi.json', text);
