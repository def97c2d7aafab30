import { GatewayError, invalid } from '../../../core/errors.js';
import { isObject } from '../../../core/json.js';
import { OutgoingError, type OutgoingHttp, type OutgoingResponse } from '../../../core/outgoing-http.js';
import type { Access } from './access.js';
import { type CardPlace, unusable } from './remote-card.js';

/** Largest card. */
const MAX_BYTES = 1024 * 1024;
const WELL_KNOWN = ['.well-known/agent-card.json', '.well-known/agent.json'];

export interface FetchedCard extends CardPlace {
  readonly etag: string | null;
}

/** Fetches cards through the door. */
export class CardSource {
  constructor(
    private readonly door: OutgoingHttp,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Looks for a card: at the URL itself when that names a JSON file, else at the well-known places below it, the one of
   * older versions last.
   * @throws GatewayError INVALID (address not allowed), UPSTREAM with the reason
   */
  async find(url: string, access: Access): Promise<FetchedCard> {
    let last = '';
    for (const place of places(url)) {
      const answer = await this.get(place, access, null);
      if (answer.status === 200) return toCard(answer, place);
      last = `${new URL(place).pathname} answered ${answer.status}`;
      if (answer.status !== 404 && answer.status !== 405) break;
    }
    throw new GatewayError('UPSTREAM', `card_url: no card there: ${last}`);
  }

  /** The card if it has changed; undefined: it has not. @throws GatewayError as {@link find} */
  async changed(foundAt: string, etag: string | null, access: Access): Promise<FetchedCard | undefined> {
    const answer = await this.get(foundAt, access, etag);
    if (answer.status === 304) return undefined;
    if (answer.status === 200) return toCard(answer, foundAt);
    throw new GatewayError('UPSTREAM', `the card's place answered ${answer.status}`);
  }

  private async get(url: string, access: Access, etag: string | null): Promise<OutgoingResponse> {
    try {
      return await this.door.request({
        url: access.url(url),
        purpose: 'card',
        headers: {
          accept: 'application/json',
          'a2a-version': '1.0',
          ...(etag !== null && { 'if-none-match': etag }),
          ...(await access.headers()),
        },
        tls: access.tls,
        timeoutMs: this.timeoutMs,
        maxBytes: MAX_BYTES,
      });
    } catch (error) {
      throw told(url, error);
    }
  }
}

function told(url: string, error: unknown): GatewayError {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof OutgoingError && error.kind === 'refused')
    return invalid('card_url', url, 'a public address or one of the networks in webhooks.allowed_networks');
  return new GatewayError('UPSTREAM', `card_url: the card cannot be fetched: ${reason}`, { cause: error });
}

function places(url: string): string[] {
  if (new URL(url).pathname.endsWith('.json')) return [url];
  const base = new URL(url);
  base.search = base.hash = '';
  base.pathname = `${base.pathname.replace(/\/+$/, '')}/`;
  return WELL_KNOWN.map((path) => new URL(path, base).href);
}

function toCard({ body, headers }: OutgoingResponse, foundAt: string): FetchedCard {
  let card: unknown;
  try {
    card = JSON.parse(body);
  } catch {
    throw unusable('it is no JSON');
  }
  if (!isObject(card)) throw unusable('it is no JSON object');
  return { card, foundAt, etag: headers['etag'] ?? null };
}
