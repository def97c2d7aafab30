import type { OpenAPIV3_1 } from 'openapi-types';
import { ERROR_SCHEMA, type ApiFragment } from '../../transport/openapi/fragment.js';

const DESCRIPTION = `The middleman between orchestrators and agents. **The gateway owns the task**: one durable record with one event
log, whoever submitted it and whoever works on it.

Try it: start a bot (\`node examples/mock-nanobot.mjs\`), then *Submit a task* below. Where tokens are asked for, press
*Authorize* first. The bots' side is a WebSocket and is described in [skill.md](.well-known/skill.md).`;

/**
 * The OpenAPI 3.1 document of the HTTP listener.
 * @param base of every URL, as configured
 */
export function openApiDocument(
  fragments: readonly ApiFragment[],
  version: string,
  base: string,
): OpenAPIV3_1.Document {
  return {
    openapi: '3.1.0',
    info: {
      title: 'agent-gateway',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: base }],
    tags: fragments.map(({ tag }) => tag),
    security: [{}, { bearer: [] }, { client: [] }, { apiKey: [] }],
    paths: pathsOf(fragments),
    components: {
      schemas: Object.assign({}, ...fragments.map(({ schemas }) => schemas), {
        Error: ERROR_SCHEMA,
      }) as Record<string, OpenAPIV3_1.SchemaObject>,
      responses: Object.assign({}, ...fragments.map(({ responses }) => responses)) as Record<
        string,
        OpenAPIV3_1.ResponseObject
      >,
      securitySchemes: securitySchemes(base),
    },
  };
}

function pathsOf(fragments: readonly ApiFragment[]): OpenAPIV3_1.PathsObject {
  const paths: Record<string, Record<string, object>> = {};
  for (const { tag, operations } of fragments)
    for (const [route, operation] of Object.entries(operations)) {
      const [method = '', path = ''] = route.split(' ');
      (paths[path] ??= {})[method.toLowerCase()] = { tags: [tag.name], ...operation };
    }
  return paths;
}

/** Where auth is off (`{}` above) none is asked for. */
const securitySchemes = (base: string): Record<string, OpenAPIV3_1.SecuritySchemeObject> => ({
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'Claims `sub`, `namespace`, `exp`, and `scope` of `read`, `execute`, `admin`. For development: `npm run token -- --sub me`.',
  },
  client: {
    type: 'oauth2',
    description: 'Clients of the configuration get their tokens here.',
    flows: {
      clientCredentials: {
        tokenUrl: `${base}/oauth/token`,
        scopes: { read: 'look', execute: 'submit and cancel too', admin: 'everything within the namespace' },
      },
    },
  },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'A key of `POST /api-keys`. It may also stand where a token stands.',
  },
  metrics: { type: 'http', scheme: 'bearer', description: 'The token of GATEWAY_METRICS_TOKEN.' },
});
