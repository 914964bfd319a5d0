import { type FunctionId, HOME, qualifiedName } from "../types.ts";
import type { FunctionEntry } from "./function.ts";
import type { Source } from "./sources.ts";

/** What is in the functions folder and can be no function: listed, so that somebody sees why it is not deployed. */
export class Refusals {
  /** Folders that would be tenants are one group, the files of each tenant another. */
  readonly #groups = new Map<string, ReadonlyMap<string, FunctionEntry>>();

  /** A group's are these now. Returns those that were not refused for that reason before, and those that are no more. */
  set(group: string, entries: readonly FunctionEntry[]): { added: FunctionEntry[]; gone: FunctionEntry[] } {
    const before = this.#groups.get(group) ?? new Map<string, FunctionEntry>();
    const after = new Map(entries.map((entry) => [qualifiedName(entry.id), entry]));
    this.#groups.set(group, after);
    return {
      added: entries.filter(({ id, error }) => before.get(qualifiedName(id))?.error !== error),
      gone: [...before].filter(([name]) => !after.has(name)).map(([, entry]) => entry),
    };
  }

  find(id: FunctionId): FunctionEntry | null {
    const name = qualifiedName(id);
    for (const group of this.#groups.values()) {
      const entry = group.get(name);
      if (entry) return entry;
    }
    return null;
  }

  list(): FunctionEntry[] {
    return [...this.#groups.values()].flatMap((group) => [...group.values()]);
  }
}

/** A folder that is no tenant's, because of its name. */
export function refusedTenant(name: string, problem: string): FunctionEntry {
  return refused({ tenant: HOME, name: `@${name}` }, `@${name}`, `/@${name}`, problem);
}

/** A file whose function is made from another one. */
export function refusedDouble(tenant: string, { name, file, problem }: Source): FunctionEntry {
  return refused({ tenant, name: file }, file, `/${name}`, problem!);
}

function refused(id: FunctionId, file: string, route: string, error: string): FunctionEntry {
  return { id, file, route, state: "failed", active: null, rolledBackFrom: null, unavailable: null, error };
}
