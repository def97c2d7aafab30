import { randomUUID } from 'node:crypto';
import type { Json, JsonObject } from '../../core/json.js';
import type {
  DataPart,
  FilePart,
  Message as MessageType,
  Part as PartType,
  Role as RoleType,
  TextPart,
} from './types.js';

/** Who speaks. */
export type Role = RoleType;
export const Role = { User: 'user', Agent: 'agent' } as const;

/** One piece of a message or an artifact. */
export type Part = PartType;
export const Part = {
  text: (text: string): TextPart => ({ kind: 'text', text }),
  data: (data: Json): DataPart => ({ kind: 'data', data }),
  /** `bytes`: the content itself, given as bytes or as Base64; `uri`: where it is. */
  file: ({
    bytes,
    ...rest
  }: Omit<FilePart['file'], 'bytes'> & { bytes?: string | Uint8Array }): FilePart => ({
    kind: 'file',
    file: {
      ...rest,
      ...(bytes !== undefined && {
        bytes: typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('base64'),
      }),
    },
  }),
};

/** One turn of a conversation. */
export type Message = MessageType;
export const Message = {
  builder: (): MessageBuilder => new MessageBuilder(),
  /** A text of the user. */
  text: (text: string): MessageType => new MessageBuilder().text(text).build(),
};

type Fields = { -readonly [K in keyof MessageType]: MessageType[K] };

/**
 * Builds a message: of the user and with an id of its own, unless told otherwise.
 *
 * ```js
 * const message = Message.builder().text("What's the weather?").build();
 * ```
 */
class MessageBuilder {
  private readonly fields: Fields = { kind: 'message', messageId: randomUUID(), role: 'user', parts: [] };

  role(role: RoleType): this {
    return this.with({ role });
  }

  /** In place of the parts so far. */
  parts(parts: readonly PartType[]): this {
    return this.with({ parts: [...parts] });
  }

  part(part: PartType): this {
    return this.with({ parts: [...this.fields.parts, part] });
  }

  text(text: string): this {
    return this.part(Part.text(text));
  }

  /** The same id makes an agent that keeps A2A 1.0 take the message once only. */
  messageId(messageId: string): this {
    return this.with({ messageId });
  }

  contextId(contextId: string): this {
    return this.with({ contextId });
  }

  taskId(taskId: string): this {
    return this.with({ taskId });
  }

  metadata(metadata: JsonObject): this {
    return this.with({ metadata });
  }

  /** @throws TypeError without parts, which A2A does not allow, or with a blank id */
  build(): MessageType {
    if (this.fields.parts.length === 0) throw new TypeError('a message needs at least one part');
    if (this.fields.messageId.trim() === '') throw new TypeError('messageId: must not be blank');
    return { ...this.fields };
  }

  private with(fields: Partial<Fields>): this {
    Object.assign(this.fields, fields);
    return this;
  }
}
