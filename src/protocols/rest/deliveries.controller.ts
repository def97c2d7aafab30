import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Principal } from '../../core/principal.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { Outbox } from '../../engine/messages/outbox.service.js';
import { checked } from '../../transport/http/checked.js';
import { toDeliveryDetails, toDeliveryList } from './deliveries.mapper.js';
import { DeliveryListQuery } from './deliveries.query.js';
import type { DeliveryDetailsWire, DeliveryListWire } from './deliveries.wire.js';

/** What goes out of the gateway by itself: looked at, and started again. */
@Controller('deliveries')
export class DeliveriesController {
  constructor(private readonly outbox: Outbox) {}

  @Get()
  async list(@Caller() who: Principal, @Query(checked) query: DeliveryListQuery): Promise<DeliveryListWire> {
    return toDeliveryList(await this.outbox.list(who, query));
  }

  @Get(':delivery')
  async get(@Caller() who: Principal, @Param('delivery') id: string): Promise<DeliveryDetailsWire> {
    return toDeliveryDetails(await this.outbox.get(who, id));
  }

  /** Only what was given up: nobody gets a second time what he has taken. */
  @Post(':delivery/redeliver')
  @HttpCode(200)
  @Requires('execute')
  async redeliver(@Caller() who: Principal, @Param('delivery') id: string): Promise<DeliveryDetailsWire> {
    return toDeliveryDetails(await this.outbox.redeliver(who, id));
  }
}
