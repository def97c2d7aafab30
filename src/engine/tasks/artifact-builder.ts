import type { Json } from '../../core/json.js';
import type { Artifact, Part } from '../../core/task.js';

/** Grows an artifact chunk by chunk: `text` is concatenated, `parts` are appended, other fields replaced. Linear in all. */
export class ArtifactBuilder {
  private readonly texts: string[] = [];
  private readonly parts: Part[] = [];
  private readonly rest = new Map<string, Json | undefined>();
  private size = 0;

  /** Returns the size so far in bytes of JSON. */
  add(chunk: Artifact): number {
    const { text, parts, ...rest } = chunk;
    if (text !== undefined) this.texts.push(text);
    for (const part of parts ?? []) this.parts.push(part);
    for (const [name, value] of Object.entries(rest)) this.rest.set(name, value);
    this.size += jsonBytes(chunk);
    return this.size;
  }

  build(): Artifact {
    const text = this.texts.length > 0 ? { text: this.texts.join('') } : {};
    const parts = this.parts.length > 0 ? { parts: this.parts } : {};
    return { ...Object.fromEntries(this.rest), ...text, ...parts };
  }
}

/** What an artifact weighs against the limit, in bytes. */
export const jsonBytes = (artifact: Artifact): number => Buffer.byteLength(JSON.stringify(artifact));
