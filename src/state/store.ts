import type { FunctionId, HandlerKind, TierName } from "../types.ts";

/** A version: immutable, named by the hash of all that went into it. */
export interface VersionRow extends FunctionId {
  readonly version: string;
  /** When the sources made it last. */
  readonly deployedAtMs: number;
  /** The user's file, relative to its root. */
  readonly file: string;
  readonly route: string;
  readonly tier: TierName;
  readonly kind: HandlerKind;
  /** FunctionSettings as JSON. */
  readonly settings: string;
  /** What it was built from: a JSON object of path (relative to the root) to content hash. */
  readonly inputs: string;
  /** The engine whose snapshot it holds; another engine has to build it anew. */
  readonly engine: string;
  readonly snapshotBytes: number;
  readonly buildMs: number;
}

/** A function: which version serves, and how its last build went. */
export interface FunctionRow extends FunctionId {
  readonly file: string;
  readonly route: string;
  readonly activeVersion: string | null;
  /** Of the sources when an operator rolled back: the version that they make is not deployed until they change. */
  readonly rolledBackFrom: string | null;
  readonly error: string | null;
  readonly updatedAtMs: number;
}

export type SpareVersion = Pick<VersionRow, "tenant" | "name" | "version">;

/** A source file as it was mirrored. */
export interface MirrorRow {
  readonly tenant: string;
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: string;
  readonly inode: string;
  readonly hash: string;
}

/** One function's use in one minute. */
export interface UsageRow extends FunctionId {
  readonly minute: number;
  readonly requests: number;
  readonly errors: number;
  readonly warm: number;
  readonly clone: number;
  readonly cold: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly memoryPeakBytes: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Reading or building snapshots for cold starts, apart from the requests' own time. */
  readonly coldMs: number;
}

/** The state store. It runs in a worker; nothing on a request's path waits for it. */
export interface Store {
  /** Everything that a start needs, in one go: all functions, their active versions, the mirror's index. */
  load(): Promise<{ functions: FunctionRow[]; active: VersionRow[]; mirror: MirrorRow[] }>;
  /** One transaction: the version (if it is new) and the function that now serves it. */
  activate(row: FunctionRow, version: VersionRow): Promise<void>;
  /** A function whose build failed, or that has none yet. */
  putFunction(row: FunctionRow): Promise<void>;
  removeFunction(id: FunctionId): Promise<void>;
  version(id: FunctionId, version: string): Promise<VersionRow | null>;
  /** The one that was deployed last comes first. */
  versions(id: FunctionId): Promise<VersionRow[]>;
  /** Those that neither serve nor are to come back, of a tenant; the oldest first, and no more than some. */
  spareVersions(tenant: string): Promise<SpareVersion[]>;
  removeVersions(id: FunctionId, versions: readonly string[]): Promise<void>;
  putMirror(put: readonly MirrorRow[], remove: readonly { tenant: string; path: string }[]): Promise<void>;
  /** Adds to the minutes' rows. */
  addUsage(rows: readonly UsageRow[]): Promise<void>;
  usage(id: FunctionId, sinceMinute: number): Promise<UsageRow[]>;
  close(): Promise<void>;
}
