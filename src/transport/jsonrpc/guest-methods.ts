import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { JsonObject } from '../../core/json.js';
import type { Principal } from '../../core/principal.js';

/** A protocol whose calls may come to `/jsonrpc` too, and are answered there as at its own address. */
export interface GuestProtocol {
  /** Whether a call is of this protocol; methods that `/jsonrpc` has itself are not asked about unless the request says more. */
  takes(method: string, req: Request): boolean;
  /** Answers the call, errors of the call included. */
  serve(caller: Principal, call: JsonObject, req: Request, res: Response): Promise<void>;
}

/** The protocols that share `/jsonrpc`; each registers itself. */
@Injectable()
export class GuestMethods {
  private readonly guests: GuestProtocol[] = [];

  add(guest: GuestProtocol): void {
    this.guests.push(guest);
  }

  /** The protocol that takes the call; undefined: none, it is for `/jsonrpc` itself. */
  for(method: unknown, req: Request): GuestProtocol | undefined {
    return typeof method === 'string' ? this.guests.find((guest) => guest.takes(method, req)) : undefined;
  }
}
