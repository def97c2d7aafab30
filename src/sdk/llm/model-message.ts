import type { ModelMessage, UserContent } from 'ai';
import type { Message, Part } from '../a2a/types.js';

/** A turn of a conversation as models get it. Of what an agent has said they get the text. */
export const toModelMessage = ({ role, parts }: Message): ModelMessage =>
  role === 'agent'
    ? { role: 'assistant', content: parts.map(textOfPart).join('\n') }
    : { role: 'user', content: parts.map(toContent) };

type Content = Exclude<UserContent, string>[number];

/**
 * A file goes with its content. One that is somewhere else goes as its address: the model library would fetch it from here,
 * and callers are not to send this process to addresses of their choice.
 */
function toContent(part: Part): Content {
  if (part.kind !== 'file' || part.file.bytes === undefined) return { type: 'text', text: textOfPart(part) };
  const { bytes, mimeType = 'application/octet-stream', name } = part.file;
  return { type: 'file', data: bytes, mediaType: mimeType, ...(name !== undefined && { filename: name }) };
}

const textOfPart = (part: Part): string => (part.kind === 'text' ? part.text : JSON.stringify(part));
