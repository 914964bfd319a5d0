/** What lies on disk and is brought into cells: each of these objects is one there. */

/** A packed image that guests see as part of their file system. */
export interface StoredView {
  readonly file: string;
}

export interface StoredSnapshot {
  /** Where it is now: a build's folder moves once. */
  readonly file: string;
  /** What it is the difference to; null: it is whole. */
  readonly parent: StoredSnapshot | null;
  /** Below those of its parent. */
  readonly views: readonly StoredView[];
  /** CellProtocol, and where a server in it listens. */
  readonly protocol: number;
  readonly tcpPort: number;
}

/** As cells count them: the parent's first. */
export function viewsOf({ parent, views }: StoredSnapshot): readonly StoredView[] {
  return parent === null ? views : [...viewsOf(parent), ...views];
}
