import type { Json } from '../../core/json.js';
import { artifactId, type Artifact, type Part } from '../../core/task.js';

/** Grows an artifact chunk by chunk: `text` is concatenated, `parts` are appended, other fields replaced. Linear in all. */
class ArtifactBuilder {
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

/** One artifact: whole, as it came, until the first piece is added to it. */
class Growing {
  size: number;
  private builder: ArtifactBuilder | undefined;

  constructor(private readonly first: Artifact) {
    this.size = jsonBytes(first);
  }

  add(piece: Artifact): void {
    if (!this.builder) {
      this.builder = new ArtifactBuilder();
      this.builder.add(this.first);
    }
    this.size = this.builder.add(piece);
  }

  build(): Artifact {
    return this.builder?.build() ?? this.first;
  }
}

/** The artifacts of a task as they grow, by their ids. */
export class Artifacts {
  private readonly byId = new Map<string, Growing>();
  private size = 0;

  /**
   * Takes a piece of an artifact, or (`append` false) a whole one, which replaces what was there under its id.
   * @returns the size of all so far in bytes of JSON
   */
  add(artifact: Artifact, append: boolean): number {
    const id = artifactId(artifact);
    const known = this.byId.get(id);
    this.size -= known?.size ?? 0;
    if (append && known) known.add(artifact);
    else this.byId.set(id, new Growing(artifact));
    this.size += this.byId.get(id)!.size;
    return this.size;
  }

  /** In the order in which they began. */
  build(): Artifact[] {
    return [...this.byId.values()].map((artifact) => artifact.build());
  }
}

/** What an artifact weighs against the limit, in bytes. */
const jsonBytes = (artifact: Artifact): number => Buffer.byteLength(JSON.stringify(artifact));
