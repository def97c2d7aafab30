import { createHash } from 'node:crypto';
import type { Artifact } from '../../../core/task.js';

/** What a stream has shown of one artifact: digests only, however long it grows. */
export class ShownArtifact {
  private text = createHash('sha256');
  private parts = createHash('sha256');

  /** @param append adds to what was shown; else it takes its place */
  show(artifact: Artifact, append: boolean): void {
    if (!append) [this.text, this.parts] = [createHash('sha256'), createHash('sha256')];
    this.text.update(artifact.text ?? '');
    for (const part of artifact.parts ?? []) this.parts.update(JSON.stringify(part));
  }

  /** Whether the pieces make this. */
  makes(artifact: Artifact): boolean {
    const whole = new ShownArtifact();
    whole.show(artifact, true);
    return whole.digest === this.digest;
  }

  private get digest(): string {
    return [this.text, this.parts].map((hash) => hash.copy().digest('base64url')).join();
  }
}
