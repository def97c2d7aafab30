import type { Artifact, Part } from '../../core/task.js';

/** Grows an artifact chunk by chunk: `text` is concatenated, `parts` are appended, other fields replaced. Linear in all. */
export class ArtifactBuilder {
  private readonly texts: string[] = [];
  private readonly parts: Part[] = [];
  private rest: Artifact = {};
  private size = 0;

  /** Returns the size so far in UTF-16 units of JSON. */
  add(chunk: Artifact): number {
    const { text, parts, ...rest } = chunk;
    if (text !== undefined) this.texts.push(text);
    if (parts !== undefined) this.parts.push(...parts);
    this.rest = { ...this.rest, ...rest };
    this.size += JSON.stringify(chunk).length;
    return this.size;
  }

  build(): Artifact {
    const text = this.texts.length > 0 ? { text: this.texts.join('') } : {};
    const parts = this.parts.length > 0 ? { parts: this.parts } : {};
    return { ...this.rest, ...text, ...parts };
  }
}
