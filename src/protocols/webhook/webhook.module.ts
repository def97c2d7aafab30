import { Module } from '@nestjs/common';
import { WebhooksConfig } from '../../config/webhooks.config.js';
import { Clock } from '../../core/clock.js';
import { IdSource } from '../../core/ids.js';
import { OutgoingHttp } from '../../core/outgoing-http.js';
import { AuthModule } from '../../engine/auth/auth.module.js';
import { Inbox } from '../../engine/mail/inbox.js';
import { MailModule } from '../../engine/mail/mail.module.js';
import { MemberSecrets } from '../../engine/members/member-secrets.js';
import { Members } from '../../engine/members/members.service.js';
import { MembersModule } from '../../engine/members/members.module.js';
import { MessagesModule } from '../../engine/messages/messages.module.js';
import { RegistryModule } from '../../engine/registry/registry.module.js';
import { TasksModule } from '../../engine/tasks/tasks.module.js';
import { TasksService } from '../../engine/tasks/tasks.service.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { Endpoint } from './endpoint.js';
import { GatewayController } from './gateway.controller.js';
import { InboxController } from './inbox.controller.js';
import { MessagesController } from './messages.controller.js';
import { TopicDeliverer } from './topic-deliverer.js';
import { TopicsController } from './topics.controller.js';
import { WebhookConnection } from './webhook-connection.js';

/** Seed 001: agents that have a URL, agents that poll, and messages between agents. */
@Module({
  imports: [AuthModule, MailModule, MembersModule, MessagesModule, RegistryModule, TasksModule],
  controllers: [
    GatewayController,
    MessagesController,
    DeadLettersController,
    InboxController,
    TopicsController,
  ],
  providers: [TopicDeliverer],
})
export class WebhookModule {
  constructor(
    members: Members,
    inbox: Inbox,
    outgoing: OutgoingHttp,
    config: WebhooksConfig,
    clock: Clock,
    ids: IdSource,
    secrets: MemberSecrets,
    tasks: TasksService,
  ) {
    const context = { clock, ids, members, secrets, tasks };
    members.connectBy((member) =>
      member.delivery === 'pull'
        ? inbox.connect(member)
        : new WebhookConnection(member, new Endpoint(outgoing, config), context),
    );
  }
}
