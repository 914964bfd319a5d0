import type { FunctionRow, MirrorRow, SpareVersion, Store, UsageRow, VersionRow } from "../../src/state/store.ts";
import type { FunctionId } from "../../src/types.ts";

const keyOf = ({ tenant, name }: FunctionId): string => `${tenant}\n${name}`;

/** The state store in memory. It outlives the registry that uses it, as a data folder outlives its server. */
export class MemoryStore implements Store {
  readonly functions = new Map<string, FunctionRow>();
  readonly versionRows = new Map<string, VersionRow[]>();
  readonly mirror = new Map<string, MirrorRow>();
  /** What was asked of it, by name. */
  readonly writes: string[] = [];

  load() {
    const active = [...this.functions.values()].flatMap((row) =>
      this.#rows(row).filter(({ version }) => version === row.activeVersion)
    );
    return Promise.resolve({ functions: [...this.functions.values()], active, mirror: [...this.mirror.values()] });
  }
  activate(row: FunctionRow, version: VersionRow): Promise<void> {
    this.writes.push(`activate ${row.name}`);
    const others = this.#rows(row).filter((other) => other.version !== version.version);
    this.versionRows.set(keyOf(row), [...others, version].sort((a, b) => b.deployedAtMs - a.deployedAtMs));
    this.functions.set(keyOf(row), row);
    return Promise.resolve();
  }
  putFunction(row: FunctionRow): Promise<void> {
    this.writes.push(`put ${row.name}`);
    this.functions.set(keyOf(row), row);
    return Promise.resolve();
  }
  removeFunction(id: FunctionId): Promise<void> {
    this.functions.delete(keyOf(id));
    this.versionRows.delete(keyOf(id));
    return Promise.resolve();
  }
  version(id: FunctionId, version: string): Promise<VersionRow | null> {
    return Promise.resolve(this.#rows(id).find((row) => row.version === version) ?? null);
  }
  versions(id: FunctionId): Promise<VersionRow[]> {
    return Promise.resolve(this.#rows(id));
  }
  spareVersions(tenant: string): Promise<SpareVersion[]> {
    const spare = [...this.functions.values()].flatMap((row) =>
      this.#rows(row).filter(({ version }) => version !== row.activeVersion && version !== row.rolledBackFrom)
    );
    const asked = spare.filter((row) => row.tenant === tenant);
    return Promise.resolve(asked.sort((a, b) => a.deployedAtMs - b.deployedAtMs));
  }
  removeVersions(id: FunctionId, versions: readonly string[]): Promise<void> {
    this.versionRows.set(keyOf(id), this.#rows(id).filter(({ version }) => !versions.includes(version)));
    return Promise.resolve();
  }
  putMirror(put: readonly MirrorRow[], remove: readonly { tenant: string; path: string }[]): Promise<void> {
    for (const row of put) this.mirror.set(`${row.tenant}\n${row.path}`, row);
    for (const { tenant, path } of remove) this.mirror.delete(`${tenant}\n${path}`);
    return Promise.resolve();
  }
  addUsage(): Promise<void> {
    return Promise.resolve();
  }
  usage(): Promise<UsageRow[]> {
    return Promise.resolve([]);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  #rows(id: FunctionId): VersionRow[] {
    return this.versionRows.get(keyOf(id)) ?? [];
  }
}
