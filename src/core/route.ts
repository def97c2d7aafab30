import type { Namespace } from './ids.js';
import type { JsonObject } from './json.js';

/** Where messages of a route go. */
export interface RouteEndpoint {
  /** http(s), ws(s), mqtt(s), or `agent:<id>`. */
  readonly url: string;
  /** Its share, 0 to 1000; 0: a backup, used only when none with a share can be. */
  readonly weight: number;
}

/** A rule that says where messages go (seed 004, 3.4.1). Times: milliseconds since the epoch. */
export interface RouteRecord {
  readonly namespace: Namespace;
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly source: {
    /** `*`: any. */
    readonly agentType: string;
    /** All of them must hold for the sender; of a list one. */
    readonly filters: JsonObject;
  };
  readonly destination: { readonly agentType: string; readonly endpoints: readonly RouteEndpoint[] };
  /** Larger ones come first. */
  readonly priority: number;
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly version: number;
}

export const ANY_TYPE = '*';
