/** The gateway said no. */
export class GatewayRefusal extends Error {
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Machine code, such as `NO_AGENT_AVAILABLE`; empty when the answer was not the gateway's. */
    readonly code: string,
    /** Names the field, what was given and what is allowed. */
    message: string,
    /** Id of the request in the gateway's log. */
    readonly requestId: string | undefined,
    /** Seconds after which the same request may succeed. */
    readonly retryAfterS: number | undefined,
  ) {
    super(message);
    this.name = 'GatewayRefusal';
  }
}

/** No answer: the gateway cannot be reached, or the connection broke. */
export class GatewayUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`${url} cannot be reached: ${reasonOf(cause)}`, { cause });
    this.name = 'GatewayUnreachable';
  }
}

/** `fetch` hides why it failed in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** A refused answer as an error. */
export async function refusalOf(response: Response): Promise<GatewayRefusal> {
  const text = await response.text().catch(() => '');
  const body = parsed(text);
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
  return new GatewayRefusal(
    response.status,
    typeof body['code'] === 'string' ? body['code'] : '',
    typeof body['detail'] === 'string' ? body['detail'] : text.slice(0, 200) || response.statusText,
    response.headers.get('x-request-id') ?? undefined,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
