// Prints the routes of the built gateway as JSON: what its Express router has, not what somebody wrote down.
// Run by Node itself (not inside jest): node test/support/routes.mjs
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Gateway } = require('../../dist/gateway.js');
const { loadConfig } = require('../../dist/config/load.js');

const env = {
  GATEWAY_STORAGE_URL: 'sqlite::memory:',
  GATEWAY_HTTP_PORT: '0',
  GATEWAY_BOTS_PORT: '0',
  GATEWAY_LOG_LEVEL: 'silent',
};
const gateway = await Gateway.start(loadConfig({ env, cwd: process.cwd() }));
const { stack } = gateway.app.getHttpAdapter().getInstance().router;
const routes = stack.flatMap(({ route }) =>
  route ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`) : [],
);
process.stdout.write(JSON.stringify(routes));
await gateway.stop();
process.exit();
