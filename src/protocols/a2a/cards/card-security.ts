import type { AuthConfig } from '../../../config/auth.config.js';
import type { JsonObject } from '../../../core/json.js';
import { RIGHTS } from '../../../core/principal.js';

/** One way to show who one is, for cards of both versions: 0.3's `type` union and 1.0's member beside each other. */
interface Scheme {
  readonly name: string;
  readonly wire: JsonObject;
  readonly scopes: readonly string[];
}

const SCOPES = { read: 'look', execute: 'submit and cancel too', admin: 'everything within the namespace' };

const BEARER: Scheme = {
  name: 'bearer',
  wire: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    httpAuthSecurityScheme: { scheme: 'bearer', bearerFormat: 'JWT' },
  },
  scopes: [],
};

const API_KEY: Scheme = {
  name: 'apiKey',
  wire: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    apiKeySecurityScheme: { location: 'header', name: 'X-API-Key' },
  },
  scopes: [],
};

function oauth2(base: string): Scheme {
  const flows = { clientCredentials: { tokenUrl: `${base}/oauth/token`, scopes: SCOPES } };
  return {
    name: 'oauth2',
    wire: { type: 'oauth2', flows, oauth2SecurityScheme: { flows } },
    scopes: [...RIGHTS],
  };
}

/** The schemes that the configuration really accepts, any one of which is enough; nothing while it asks for none. */
export function cardSecurity(auth: AuthConfig, base: string): JsonObject {
  if (auth.mode === 'off') return {};
  const schemes = [BEARER, API_KEY, ...(auth.clients.length > 0 ? [oauth2(base)] : [])];
  return {
    securitySchemes: Object.fromEntries(schemes.map(({ name, wire }) => [name, wire])),
    security: schemes.map(({ name, scopes }) => ({ [name]: scopes })),
    securityRequirements: schemes.map(({ name, scopes }) => ({ schemes: { [name]: { list: scopes } } })),
  };
}
