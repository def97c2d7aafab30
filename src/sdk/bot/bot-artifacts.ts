import { artifactId, type Artifact, type Part } from '../../core/task.js';

interface Growing {
  readonly first: Artifact;
  text: string | undefined;
  readonly parts: Part[];
}

/** What a bot has sent of its artifacts, by their ids: sent again as wholes when a connection broke on the way. */
export class Artifacts {
  private readonly byId = new Map<string, Growing>();

  get isEmpty(): boolean {
    return this.byId.size === 0;
  }

  /** A piece, or (`append` false) a whole artifact in the place of the one before. */
  add(artifact: Artifact, append: boolean): void {
    const id = artifactId(artifact);
    const { text, parts = [] } = artifact;
    const known = append ? this.byId.get(id) : undefined;
    if (!known) return void this.byId.set(id, { first: artifact, text, parts: [...parts] });
    if (text !== undefined) known.text = (known.text ?? '') + text;
    known.parts.push(...parts);
  }

  all(): Artifact[] {
    return [...this.byId.values()].map(({ first, text, parts }) => ({
      ...first,
      ...(text !== undefined && { text }),
      ...(parts.length > 0 && { parts }),
    }));
  }
}
