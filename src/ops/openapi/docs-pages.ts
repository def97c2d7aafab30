import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file of the documentation page, ready to be sent. */
export interface DocsFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Files of Swagger UI that the page uses, as its package has them. */
const FROM_PACKAGE: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Relative addresses: the page also works below a path of a proxy. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>agent-gateway API</title>
  <link rel="stylesheet" href="docs/swagger-ui.css">
  <link rel="stylesheet" href="docs/page.css">
  <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
  <main id="swagger-ui"><p class="loading">Loading the API description…</p></main>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/page.js"></script>
</body>
</html>
`;

const STYLE = `body { margin: 0; background: #fafafa; }
.loading { font-family: sans-serif; padding: 2rem; }
.swagger-ui .info { margin: 2rem 0 1rem; }
.swagger-ui .scheme-container { padding: 1rem 0; box-shadow: none; border-bottom: 1px solid #e2e2e2; }
`;

/** Calls go to where the page came from, whatever address the document names: that is where this page may call. */
const SCRIPT = `'use strict';
const root = new URL('.', document.baseURI);
window.ui = SwaggerUIBundle({
  url: new URL('openapi.json', root).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  requestInterceptor: (request) => {
    const url = new URL(request.url, root);
    const base = new URL(window.gatewayBase ?? root.href);
    if (url.href.startsWith(base.href)) request.url = new URL(url.href.slice(base.href.length), root).href;
    return request;
  },
  responseInterceptor: (response) => {
    if (response.url?.endsWith('/openapi.json')) {
      const [server] = JSON.parse(response.text).servers;
      window.gatewayBase = server.url.endsWith('/') ? server.url : server.url + '/';
    }
    return response;
  },
});
`;

/** The files of /docs. Read when they are first asked for: most gateways never show the page. */
export class DocsPages {
  private readonly files = new Map<string, Promise<DocsFile>>();

  /** @param name as in the address; undefined for a file that the page does not have */
  file(name: string): Promise<DocsFile | undefined> {
    const known = this.files.get(name) ?? this.load(name);
    if (known) this.files.set(name, known);
    return known ?? Promise.resolve(undefined);
  }

  private load(name: string): Promise<DocsFile> | undefined {
    if (name === 'index.html') return made('text/html; charset=utf-8', PAGE);
    if (name === 'page.css') return made('text/css; charset=utf-8', STYLE);
    if (name === 'page.js') return made('text/javascript; charset=utf-8', SCRIPT);
    const type = Object.hasOwn(FROM_PACKAGE, name) ? FROM_PACKAGE[name] : undefined;
    return type === undefined ? undefined : fromPackage(name, type);
  }
}

/** A file with the tag by which a browser knows it again. */
export const docsFile = (type: string, bytes: Buffer): DocsFile => ({
  type,
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
});

const made = (type: string, text: string): Promise<DocsFile> =>
  Promise.resolve(docsFile(type, Buffer.from(text)));

async function fromPackage(name: string, type: string): Promise<DocsFile> {
  const path = join(dirname(require.resolve('swagger-ui-dist/package.json')), name);
  return docsFile(type, await readFile(path));
}
