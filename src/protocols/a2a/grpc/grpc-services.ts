import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Injectable, Logger } from '@nestjs/common';
import type { A2AError } from '@a2a-js/sdk/errors';
import { inspect } from 'node:util';
import { Clock, type Timer } from '../../../core/clock.js';
import { GatewayError } from '../../../core/errors.js';
import type { Principal } from '../../../core/principal.js';
import { ApiKeys } from '../../../engine/auth/api-keys.js';
import { AuthService } from '../../../engine/auth/auth.service.js';
import { Policy } from '../../../engine/auth/policy.js';
import { RateLimits, refuseExceeded } from '../../../engine/limits/rate-limits.js';
import { SseStreams } from '../../../transport/http/sse.js';
import { toOwnError } from '../handler/a2a-errors.js';
import { A2aHandlers } from '../handler/a2a-handlers.js';
import { EXTENSION_HEADERS, namedExtensions } from '../handler/extensions.js';
import { aimed } from '../handler/target.js';
import { a2aSdk, type Sdk } from '../sdk.js';
import { CheckedHandler } from './checked-handler.js';
import type { GrpcKit } from './grpc-kit.js';
import { grpcRefusal, type Refusal } from './grpc-refusal.js';
import { OpenStream, type StreamCall } from './open-stream.js';

type UnaryCall = ServerUnaryCall<unknown, unknown>;
type Call = UnaryCall | StreamCall;
type Service = 'current' | 'legacy';

/** A call that has been let in. */
interface Admitted {
  readonly caller: Principal;
  readonly sdk: Sdk;
  readonly handler: CheckedHandler;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** A2A's two gRPC services on the SDK's: admits each call, gives it a handler of its own, and says no in the gateway's words. */
@Injectable()
export class GrpcServices {
  /** Open streams, and who reads them once that is known. */
  private readonly open = new Map<OpenStream, Principal | undefined>();

  constructor(
    private readonly auth: AuthService,
    private readonly policy: Policy,
    private readonly limits: RateLimits,
    private readonly handlers: A2aHandlers,
    private readonly clock: Clock,
    private readonly streams: SseStreams,
    private readonly keys: ApiKeys,
  ) {}

  /** The implementation of one service's methods. */
  implement(kit: GrpcKit, service: Service): UntypedServiceImplementation {
    const { A2AService } = kit.current;
    const { LegacyA2AService } = kit.legacy;
    const methods = Object.entries(service === 'current' ? A2AService : LegacyA2AService);
    return Object.fromEntries(
      methods.map(([name, { responseStream }]) => [
        name,
        responseStream
          ? (call: StreamCall) => void this.stream(kit, service, name, call)
          : (call: UnaryCall, done: sendUnaryData<unknown>) =>
              void this.unary(kit, service, name, call, done),
      ]),
    );
  }

  /** Ends every stream: the gateway is stopping. */
  endAll(kit: GrpcKit): void {
    const stopping = new GatewayError('OVERLOADED', 'the gateway is stopping', { retryAfterS: 1 });
    for (const stream of this.open.keys()) stream.fail(grpcRefusal(kit, stopping));
  }

  /** A stream ends when the key that opened it is withdrawn. */
  watchKeys(kit: GrpcKit): void {
    this.keys.onWithdrawal(() => {
      const withdrawn = new GatewayError('UNAUTHENTICATED', 'the API key of this stream has been withdrawn');
      for (const [stream, caller] of this.open)
        if (caller && this.keys.isWithdrawn(caller)) stream.fail(grpcRefusal(kit, withdrawn));
    });
  }

  private async unary(
    kit: GrpcKit,
    service: Service,
    name: string,
    call: UnaryCall,
    done: sendUnaryData<unknown>,
  ): Promise<void> {
    const refusals = new Refusals(kit);
    try {
      const { handler } = await this.admit(service, call, refusals, () => Promise.resolve());
      const methods = implementation(kit, service, handler);
      await methods[name]?.(call, (error: Refusal | null, value: unknown) =>
        done(error ? refusals.reworded(error) : null, value),
      );
    } catch (error) {
      done(refusals.of(await own(error)));
    }
  }

  private async stream(kit: GrpcKit, service: Service, name: string, call: StreamCall): Promise<void> {
    const refusals = new Refusals(kit);
    const stream = new OpenStream(call, (error) => refusals.reworded(error));
    this.open.set(stream, undefined);
    let expiry: Timer | undefined;
    let release: (() => void) | undefined;
    try {
      const { caller, handler } = await this.admit(service, call, refusals, () => stream.drained());
      release = this.streams.hold(caller.namespace);
      this.open.set(stream, caller);
      expiry = this.untilExpiry(kit, caller, stream);
      await implementation(kit, service, handler)[name]?.(stream);
    } catch (error) {
      stream.fail(refusals.of(await own(error)));
    } finally {
      expiry?.cancel();
      release?.();
      this.open.delete(stream);
    }
  }

  /** @throws GatewayError UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED, INVALID */
  private async admit(
    service: Service,
    call: Call,
    refusals: Refusals,
    pace: () => Promise<void>,
  ): Promise<Admitted> {
    const caller = await this.auth.authenticate(meta(call, 'authorization'), meta(call, 'x-api-key'));
    this.policy.requireRight(caller, 'read');
    if (this.limits.enabled)
      refuseExceeded(await this.limits.take({ caller, address: addressOf(call.getPeer()) }));
    const sdk = await a2aSdk();
    const dialect = service === 'current' ? '1.0' : '0.3';
    const toError = (thrown: unknown): Error => refusals.noted(toOwnError(sdk.errors, thrown));
    const { tenant } = call.request as { tenant?: string };
    const inner = this.handlers.handlerFor(sdk, {
      caller,
      target: aimed({}, tenant || meta(call, 'tenant')),
      signal: hangUp(call),
      after: meta(call, 'last-event-id'),
      dialect,
      extensions: namedExtensions(meta(call, EXTENSION_HEADERS[dialect])),
      toError,
    });
    return { caller, sdk, handler: new CheckedHandler(sdk, inner, pace, toError) };
  }

  /** A stream ends with its reader's credential. */
  private untilExpiry(kit: GrpcKit, { expiresAt }: Principal, stream: OpenStream): Timer | undefined {
    if (expiresAt === undefined) return undefined;
    const expired = new GatewayError('UNAUTHENTICATED', 'the credential of this stream has expired');
    const after = Math.min(Math.max(0, expiresAt - this.clock.now()), MAX_TIMER_MS);
    return this.clock.after(after, () => void stream.fail(grpcRefusal(kit, expired)));
  }
}

/** The refusals of one call: the SDK knows A2A's own errors, the gateway's are remembered and said here. */
class Refusals {
  private readonly logger = new Logger('A2A');
  private own: GatewayError | undefined;

  constructor(private readonly kit: GrpcKit) {}

  /** Remembers an error that the SDK has no words for. */
  noted(error: Error): Error {
    if (error instanceof GatewayError) this.own = error;
    return error;
  }

  reworded(error: Refusal): Refusal {
    return this.own ? this.of(this.own) : error;
  }

  /** What was thrown before the SDK had the call, or what it has no words for. */
  of(error: A2AError | GatewayError): Refusal {
    const { errors, grpc } = this.kit;
    if (error instanceof GatewayError) {
      if (error.code === 'INTERNAL') this.logger.error({ msg: inspect(error.cause ?? error) });
      return grpcRefusal(this.kit, error);
    }
    const metadata = errors.buildGrpcErrorMetadata(grpc.Metadata, error) ?? new grpc.Metadata();
    return Object.assign(error, { code: errors.grpcStatusFor(error), details: error.message, metadata });
  }
}

const own = async (thrown: unknown): Promise<A2AError | GatewayError> =>
  toOwnError((await a2aSdk()).errors, thrown);

type Methods = Record<string, ((call: unknown, done?: unknown) => void | Promise<void>) | undefined>;

/** The SDK's methods over one call's handler. Their types differ by method; names and descriptors come from the same service. */
function implementation(
  { current, legacy }: GrpcKit,
  service: Service,
  requestHandler: CheckedHandler,
): Methods {
  const options = { requestHandler, userBuilder: current.UserBuilder.noAuthentication };
  const made: unknown =
    service === 'current' ? current.grpcService(options) : legacy.legacyGrpcService(options);
  return made as Methods;
}

/** A value of the call's metadata; empty is none. */
function meta(call: Call, name: string): string | undefined {
  const [value] = call.metadata.get(name);
  return value === undefined || value === '' ? undefined : value.toString();
}

function hangUp(call: Call): AbortSignal {
  const controller = new AbortController();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}

/** `1.2.3.4:56` and `[::1]:56` without the port: limits count by address. */
const addressOf = (peer: string): string => peer.replace(/:\d+$/, '');
