import { GatewayError, type ErrorCode } from '../../../core/errors.js';
import { HTTP_ERRORS } from '../../../transport/http/error-table.js';
import { GENERIC, toA2aError, toOwnError } from '../handler/a2a-errors.js';
import { GRPC_WORDS } from '../handler/grpc-words.js';
import type { Dialect } from '../requests/checks.wire.js';
import type { Sdk } from '../sdk.js';

/** An HTTP answer that says no. */
interface Refusal {
  readonly status: number;
  readonly body: object;
}

/** Where the reasons of {@link GatewayError}s that A2A has no word for come from. */
const DOMAIN = 'agent-gateway';

/**
 * How the HTTP+JSON bindings say no: 1.0 with a `google.rpc.Status` (§11.6), 0.3 with the error of its JSON-RPC binding.
 * @param requestId names the request in the gateway's log
 */
export function restRefusal(sdk: Sdk, dialect: Dialect, thrown: unknown, requestId: string): Refusal {
  const { errors, legacy } = sdk;
  const error = toOwnError(errors, thrown);
  const status = error instanceof GatewayError ? HTTP_ERRORS[error.code].status : statusFor(sdk, error);
  if (dialect === '0.3')
    return {
      status,
      body: legacy.LegacyRestTransportHandler.mapToLegacyHTTPError(toA2aError(errors, thrown)),
    };
  const { error: said } =
    error instanceof GatewayError ? ownStatus(error, status) : errors.toRestErrorBody(error, status);
  const request = { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId };
  return { status, body: { error: { ...said, details: [...said.details, request] } } };
}

/** 0.3's handler throws errors of JSON-RPC; their codes decide. */
function statusFor({ errors }: Sdk, error: Error): number {
  if (!errors.isJsonRpcError(error)) return errors.restStatusFor(error);
  const { code } = errors.toJsonRpcError(error);
  return code === -32603 ? 500 : code === -32001 ? 404 : 400;
}

function ownStatus({ code, message }: GatewayError, status: number) {
  const detail = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code, domain: DOMAIN };
  const said = code === 'INTERNAL' ? GENERIC : (HTTP_ERRORS[code].detail ?? message);
  return { error: { code: status, status: wordOf(code), message: said, details: [detail] as object[] } };
}

const wordOf = (code: ErrorCode): string => GRPC_WORDS[code];
