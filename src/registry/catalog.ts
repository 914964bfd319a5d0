import { type FunctionId, HOME } from "../types.ts";
import type { FunctionEntry, RouteMatch } from "./function.ts";
import { type Managed, routeProblem } from "./managed.ts";
import { namesFor } from "./names.ts";
import { Refusals } from "./refusals.ts";
import { RouteTable } from "./route.ts";
import { routePattern } from "./route_pattern.ts";
import { isServer } from "./sources.ts";

class Tenant {
  readonly routes = new RouteTable();
  readonly functions = new Map<string, Managed>();
}

/** All functions that there are, by name and by route. */
export class Catalog {
  readonly #tenants = new Map<string, Tenant>();
  readonly refusals = new Refusals();

  match(tenant: string, path: string): RouteMatch | null {
    return this.#tenants.get(tenant)?.routes.match(path) ?? null;
  }

  hasTenant(tenant: string): boolean {
    return this.#tenants.has(tenant);
  }

  /** `api` is `api/index` too. */
  find({ tenant, name }: FunctionId): Managed | null {
    const functions = this.functionsOf(tenant);
    for (const known of namesFor(name)) {
      const managed = functions.get(known);
      if (managed) return managed;
    }
    return null;
  }

  entry(id: FunctionId): FunctionEntry | null {
    return this.find(id)?.entry ?? this.refusals.find(id);
  }

  /** By name, the home tenant's first. */
  list(): FunctionEntry[] {
    const functions = [...this.#tenants.values()].flatMap(({ functions }) => [...functions.values()]);
    const entries = [...functions.map(({ entry }) => entry), ...this.refusals.list()];
    const place = ({ id: { tenant, name } }: FunctionEntry) => tenant === HOME ? `\0${name}` : `${tenant}\0${name}`;
    return entries.sort((a, b) => place(a) < place(b) ? -1 : 1);
  }

  functionsOf(tenant: string): ReadonlyMap<string, Managed> {
    return this.#tenants.get(tenant)?.functions ?? new Map();
  }

  get tenants(): string[] {
    return [...this.#tenants.keys()];
  }

  addTenant(tenant: string): void {
    if (!this.#tenants.has(tenant)) this.#tenants.set(tenant, new Tenant());
  }

  removeTenant(tenant: string): void {
    if (tenant !== HOME) this.#tenants.delete(tenant);
  }

  add(managed: Managed): void {
    this.addTenant(managed.tenant);
    this.#tenants.get(managed.tenant)!.functions.set(managed.id.name, managed);
  }

  /** Returns the functions that may have its route now. */
  remove(managed: Managed): Managed[] {
    const tenant = this.#tenants.get(managed.tenant);
    tenant?.functions.delete(managed.id.name);
    if (!tenant || !managed.pattern) return [];
    tenant.routes.remove(managed.pattern, managed.entry);
    managed.pattern = null;
    const { route } = managed.entry;
    return [...tenant.functions.values()].filter(({ pattern, entry }) =>
      !pattern && shapeOf(entry.route) === shapeOf(route)
    );
  }

  /** Puts the function on its route. Says why that cannot be, if so. */
  takeRoute(managed: Managed): string | null {
    const { source, entry, tenant } = managed;
    const problem = routeProblem(source);
    if (problem !== null || managed.pattern) return problem;
    const pattern = routePattern(source.name);
    const holder = this.#tenants.get(tenant)!.routes.add(pattern, entry, isServer(source));
    if (holder) return `Cannot deploy ${source.file}: its route ${entry.route} is taken by ${holder.file}`;
    managed.pattern = pattern;
    return null;
  }
}

const shapeOf = (route: string): string => route.replace(/:[^/]+/g, ":");
