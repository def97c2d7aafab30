import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { MembersModule } from '../members/members.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { Inbox } from './inbox.js';
import { DeadLetters } from './dead-letters.js';
import { MemberReports } from './member-reports.js';
import { MessageDeliverer } from './message-deliverer.js';
import { MessageRetention } from './message-retention.js';
import { Messages } from './messages.service.js';
import { Topics } from './topics.service.js';
import { TopicStreams } from './topic-streams.js';

/** Messages between agents, and the inboxes of those that pull. The store comes from a storage adapter. */
@Module({
  imports: [AuthModule, MembersModule, MessagesModule, RegistryModule, TasksModule],
  providers: [
    DeadLetters,
    Inbox,
    MemberReports,
    MessageDeliverer,
    MessageRetention,
    Messages,
    Topics,
    TopicStreams,
  ],
  exports: [DeadLetters, Inbox, MemberReports, Messages, Topics],
})
export class MailModule {}
