import type { Snapshot } from "../tiers/tier.ts";
import type { Language } from "./sources.ts";
import type { FunctionId, FunctionSettings, HandlerKind } from "../types.ts";

/** One version that serves. Immutable; a deploy puts another in its place. */
export interface Deployment {
  readonly version: string;
  readonly kind: HandlerKind;
  readonly settings: FunctionSettings;
  readonly language: Language;
  /** Why it is not in the Wasm tier; null if it is. */
  readonly why: string | null;
  /** null until its first request after a restart; see `Functions.load`. */
  snapshot: Snapshot | null;
}

/** One function: its route, and what serves it. The object stays the same over all its versions. */
export interface FunctionEntry {
  readonly id: FunctionId;
  /** Relative to its root: `api/[id].ts`. */
  readonly file: string;
  /** As a pattern below its root: `/api/:id`, `/files/*`. */
  readonly route: string;
  state: "building" | "ready" | "failed";
  /** null: nothing serves yet. */
  active: Deployment | null;
  /** The version that the sources make, while an operator has an older one serve. */
  rolledBackFrom: string | null;
  /** Why no tier of this server can run it, if so. */
  unavailable: string | null;
  /** Of the last build, with file, line and column. */
  error: string | null;
}

/** What a function is made from, as far as it goes when the function is removed. */
export interface SourceExtent {
  /** Relative to its root; of a folder with a slash at the end. */
  readonly path: string;
  readonly files: number;
}

/** What a path leads to. */
export interface RouteMatch {
  readonly entry: FunctionEntry;
  /** Decoded; null where the route has none. */
  readonly params: Readonly<Record<string, string>> | null;
  /** The part of the path that the function's own route took: an app sees the rest. */
  readonly mount: string;
}

/** What the gateway and the admin API need of the registry. */
export interface Functions {
  /** `path` is normalised and starts with a slash; it is below the tenant's root. */
  match(tenant: string, path: string): RouteMatch | null;
  hasTenant(tenant: string): boolean;
  get(id: FunctionId): FunctionEntry | null;
  list(): FunctionEntry[];
  /** What is wrong with configuration files, with file, line and column; the last good ones are in force. */
  problems(): string[];
  /** Brings the snapshot of the deployment that serves into memory's reach. */
  load(entry: FunctionEntry): Promise<Snapshot>;
  versions(
    id: FunctionId,
  ): Promise<{ version: string; deployedAtMs: number; active: boolean; snapshotBytes: number }[]>;
  rollback(id: FunctionId, version: string | null): Promise<string>;
  /** What `remove` would delete; null of what is no function for a reason. */
  source(id: FunctionId): Promise<SourceExtent | null>;
  /** Deletes the source from the functions folder, and with it the function; tells what it deleted. */
  remove(id: FunctionId): Promise<SourceExtent>;
}
