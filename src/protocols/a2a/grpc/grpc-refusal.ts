import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ServiceError } from '@grpc/grpc-js';
import { GatewayError } from '../../../core/errors.js';
import { HTTP_ERRORS } from '../../../transport/http/error-table.js';
import { GENERIC } from '../handler/a2a-errors.js';
import { GRPC_WORDS } from '../handler/grpc-words.js';
import type { GrpcKit } from './grpc-kit.js';

/** How a call is refused; what gRPC needs of a {@link ServiceError}. */
export type Refusal = Pick<ServiceError, 'code' | 'details' | 'metadata'> & Error;

/** Where reasons that A2A has no word for come from. */
const DOMAIN = 'agent-gateway';
const TYPES = 'type.googleapis.com/google.rpc.';

/** An error of the gateway alone as gRPC's status, with its reason in `grpc-status-details-bin`. */
export function grpcRefusal({ grpc }: GrpcKit, error: GatewayError): Refusal {
  const code = grpc.status[GRPC_WORDS[error.code]];
  const details = error.code === 'INTERNAL' ? GENERIC : (HTTP_ERRORS[error.code].detail ?? error.message);
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(statusDetails(code, details, error)));
  return Object.assign(new Error(details), { code, details, metadata });
}

/** `google.rpc.Status` with ErrorInfo and, where a later try may succeed, RetryInfo; by hand, as the SDK's encoder knows A2A's errors only. */
function statusDetails(
  code: number,
  message: string,
  { code: reason, retryAfterS }: GatewayError,
): Uint8Array {
  const status = new BinaryWriter().uint32(8).int32(code).uint32(18).string(message);
  any(status, 'ErrorInfo', new BinaryWriter().uint32(10).string(reason).uint32(18).string(DOMAIN));
  if (retryAfterS !== undefined) {
    const duration = new BinaryWriter().uint32(8).int64(Math.max(1, Math.ceil(retryAfterS)));
    any(status, 'RetryInfo', new BinaryWriter().uint32(10).bytes(duration.finish()));
  }
  return status.finish();
}

function any(status: BinaryWriter, type: string, value: BinaryWriter): void {
  const detail = new BinaryWriter()
    .uint32(10)
    .string(TYPES + type)
    .uint32(18)
    .bytes(value.finish());
  status.uint32(26).bytes(detail.finish());
}
