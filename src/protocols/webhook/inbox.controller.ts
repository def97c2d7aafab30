import { Controller, Get, HttpCode, Param, Post, Query, Res, type OnModuleDestroy } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { isoTime } from '../../core/clock.js';
import type { AgentName } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import { checkName } from '../../core/text.js';
import { AuthService } from '../../engine/auth/auth.service.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { unauthenticated } from '../../engine/auth/refusal.js';
import { Inbox } from '../../engine/mail/inbox.js';
import { MemberReports } from '../../engine/mail/member-reports.js';
import { toTaskReport } from '../../transport/agents/task-report.js';
import { JsonBody } from '../../transport/http/json-body.js';
import { takesItsTime } from '../../transport/http/request-deadline.js';
import { bodyObject, idList, integerIn, waitTime } from './fields.js';
import { toPulled } from './push.js';
import type { AcknowledgedWire, ExtendedWire, InboxWire } from './webhook.wire.js';

/** Longest wait of one poll, milliseconds; proxies cut what is silent for longer. */
const MAX_WAIT_MS = 60_000;
const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;
const MAX_LEASE_S = 24 * 60 * 60;

/** Agents without an address ask for their messages and tasks; agents with one report here on what they were pushed. */
@Controller('gateway')
export class InboxController implements OnModuleDestroy {
  /** Polls that wait, with who asks. */
  private readonly polls = new Map<AbortController, Principal>();

  constructor(
    private readonly inbox: Inbox,
    private readonly reports: MemberReports,
    private readonly auth: AuthService,
  ) {
    auth.onRevocation(() => {
      for (const [poll, who] of this.polls) if (auth.isWithdrawn(who)) poll.abort();
    });
  }

  /** Whoever waits is answered before the connections are drained. */
  onModuleDestroy(): void {
    for (const poll of this.polls.keys()) poll.abort();
  }

  /** Leases what waits, or waits for it. It changes something, so a reader may not. */
  @Get('inbox/:agent_id')
  @Requires('execute')
  async take(
    @Caller() who: Principal,
    @Param('agent_id') id: string,
    @Query('wait') wait: unknown,
    @Query('limit') limit: unknown,
    @Res({ passthrough: true }) res: ServerResponse,
  ): Promise<InboxWire> {
    const waitMs = waitTime('wait', wait, MAX_WAIT_MS);
    const most = integerIn('limit', limit, 1, MAX_LIMIT, DEFAULT_LIMIT);
    takesItsTime(res);
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    this.polls.set(gone, who);
    try {
      const handed = await this.inbox.take(who, agentName(id), { limit: most, waitMs, signal: gone.signal });
      if (this.auth.isWithdrawn(who)) throw unauthenticated('API key: unknown or revoked');
      return { messages: handed.map(toPulled) };
    } finally {
      this.polls.delete(gone);
    }
  }

  @Post('inbox/:agent_id/ack')
  @HttpCode(200)
  @Requires('execute')
  async acknowledge(
    @Caller() who: Principal,
    @Param('agent_id') id: string,
    @JsonBody() body: unknown,
  ): Promise<AcknowledgedWire> {
    const ids = idList('message_ids', bodyObject(body)['message_ids'], MAX_LIMIT);
    return { status: 'ok', message_ids: await this.inbox.acknowledge(who, agentName(id), ids) };
  }

  @Post('inbox/:agent_id/extend')
  @HttpCode(200)
  @Requires('execute')
  async extend(
    @Caller() who: Principal,
    @Param('agent_id') id: string,
    @JsonBody() body: unknown,
  ): Promise<ExtendedWire> {
    const { message_ids: given, lease_s: lease } = bodyObject(body);
    const ids = idList('message_ids', given, MAX_LIMIT);
    const seconds = integerIn('lease_s', lease, 0, MAX_LEASE_S, 0);
    const leaseMs = seconds === 0 ? undefined : 1000 * seconds;
    const extended = await this.inbox.extend(who, agentName(id), ids, leaseMs);
    return { status: 'ok', message_ids: extended.ids, lease_expires_at: isoTime(extended.until) };
  }

  /** What a bot says by `tasks/status`, by a call. */
  @Post('tasks/:id/status')
  @HttpCode(200)
  @Requires('execute')
  async report(
    @Caller() who: Principal,
    @Param('id') id: string,
    @JsonBody() body: unknown,
  ): Promise<{ status: 'ok' }> {
    await this.reports.take(who, id, toTaskReport(bodyObject(body)));
    return { status: 'ok' };
  }
}

const agentName = (id: string): AgentName => checkName('agent_id', id) as AgentName;
