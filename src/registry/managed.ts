import type { FunctionRow, VersionRow } from "../state/store.ts";
import type { FunctionId } from "../types.ts";
import type { Deployment, FunctionEntry } from "./function.ts";
import type { Inputs } from "./inputs.ts";
import { type RoutePattern, routePattern } from "./route_pattern.ts";
import type { Source } from "./sources.ts";
import { languageOf, whyVm } from "./tier_choice.ts";

/** What the sources made last. It serves, unless an operator went back to another version. */
export interface Current {
  readonly version: string;
  readonly inputs: Inputs;
  /** As JSON. */
  readonly settings: string;
}

/** A function, with what the registry knows of it besides. */
export class Managed {
  readonly entry: { -readonly [Key in keyof FunctionEntry]: FunctionEntry[Key] };
  source: Source;
  /** Nobody has looked yet whether it is to be built. */
  isNew = true;
  /** Null while its name is no route, or the route is another function's. */
  pattern: RoutePattern | null = null;
  current: Current | null = null;
  /** Files that its last build looked for, found or not. */
  wanted: ReadonlySet<string> = new Set();

  constructor(readonly tenant: string, source: Source) {
    this.source = source;
    this.entry = {
      id: { tenant, name: source.name },
      file: source.file,
      route: `/${source.name}`,
      state: "building",
      active: null,
      rolledBackFrom: null,
      unavailable: null,
      error: null,
    };
    // A name that is no route has none; its deploy says so.
    if (routeProblem(source) === null) this.entry.route = routePattern(source.name).text;
  }

  get id(): FunctionId {
    return this.entry.id;
  }

  /** Whether a change of these files may change what it is built from. */
  isTouchedBy(changed: ReadonlySet<string>): boolean {
    const { folder } = this.source;
    const inputs = this.current ? Object.keys(this.current.inputs.files) : [];
    return inputs.some((path) => changed.has(path)) || !this.wanted.isDisjointFrom(changed) ||
      (folder !== null && [...changed].some((path) => path.startsWith(`${folder}/`)));
  }

  row(updatedAtMs: number): FunctionRow {
    const { id, file, route, active, rolledBackFrom, error } = this.entry;
    return { ...id, file, route, activeVersion: active?.version ?? null, rolledBackFrom, error, updatedAtMs };
  }
}

/** Why a source's name cannot be a route; null if it can. */
export function routeProblem({ name, problem }: Source): string | null {
  if (problem !== null) return problem;
  try {
    routePattern(name);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

export function deploymentOf(row: VersionRow): Deployment {
  const { version, kind, settings } = row;
  const language = languageOf(row);
  const why = whyVm(row.tenant, language, row.tier, () => (JSON.parse(row.inputs) as Inputs).lack);
  return { version, kind, settings: JSON.parse(settings), language, why, snapshot: null };
}

export function currentOf({ version, inputs, settings }: VersionRow): Current {
  return { version, inputs: JSON.parse(inputs), settings };
}
