import { boolean } from './kinds.js';
import { concern, setting } from './setting.js';

/** The API documentation that the gateway serves. */
export class DocsConfig extends concern('docs', {
  enabled: setting(
    boolean,
    { development: 'true', production: 'false' },
    'Swagger UI at `/docs`, document at `/openapi.json`',
  ),
}) {}
