import { Injectable } from '@nestjs/common';
import type { Published, TopicKey } from '../../core/topic.js';

/** What a subscriber that does not read holds at most; then its stream ends, and it comes back for the newest. */
const MAX_HELD = 1000;

const keyOf = ({ namespace, topic }: TopicKey): string => `${namespace}\n${topic}`;

/** Subscribers that listen now. */
@Injectable()
export class TopicStreams {
  private readonly listeners = new Map<string, Set<(published: Published) => void>>();

  /** How many got it. */
  publish(published: Published): number {
    const listeners = this.listeners.get(keyOf(published)) ?? new Set();
    for (const listener of listeners) listener(published);
    return listeners.size;
  }

  /** What is published from now on, until the signal aborts. Listens at once, not only when it is first read. */
  listen(topic: TopicKey, signal: AbortSignal): AsyncIterable<Published> {
    const held: Published[] = [];
    let wake: () => void = () => undefined;
    const stop = this.add(topic, (published) => {
      held.push(published);
      wake();
    });
    signal.addEventListener('abort', () => wake(), { once: true });
    const items = async function* (): AsyncGenerator<Published> {
      try {
        while (!signal.aborted && held.length <= MAX_HELD) {
          const next = held.shift();
          if (next) yield next;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        stop();
      }
    };
    return items();
  }

  private add(topic: TopicKey, listener: (published: Published) => void): () => void {
    const key = keyOf(topic);
    const listeners = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(key);
    };
  }
}
