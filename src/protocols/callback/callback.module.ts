import { Module } from '@nestjs/common';
import { MessagesModule } from '../../engine/messages/messages.module.js';
import { CallbackKind } from './callback-kind.js';

/** Calls to the `callback_url` of tasks. */
@Module({ imports: [MessagesModule], providers: [CallbackKind] })
export class CallbackModule {}
