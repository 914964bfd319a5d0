import { createHash } from "node:crypto";
import { type FunctionId, HOME } from "../types.ts";

/** A tenant's name is a label of its host's name. */
const TENANT = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LONGEST_FOLDER_NAME = 200;

/** Why `@name` cannot be a tenant; null if it can. */
export function tenantProblem(name: string): string | null {
  if (name === HOME) return `Cannot use @${HOME} as a tenant: it is the name of the functions outside of all @ folders`;
  if (TENANT.test(name)) return null;
  return `Cannot use @${name} as a tenant: a name has 1 to 63 letters a-z, digits and inner hyphens`;
}

/** A function's name, or any text of a user's, as the name of one folder. */
export function folderName(name: string): string {
  const escaped = encodeURIComponent(name.toWellFormed()).replaceAll(".", "%2E");
  if (escaped.length <= LONGEST_FOLDER_NAME) return escaped;
  return `${escaped.slice(0, 100)}~${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
}

/** The names under which a function may be asked for: `api` is `api/index` too. */
export function namesFor(asked: string): string[] {
  const name = asked.replace(/^\/|\/$/g, "");
  return name === "" ? ["index"] : [name, `${name}/index`];
}

/** The path of a function's route, its tenant's included. */
export function mountOf({ tenant }: FunctionId, route: string): string {
  return tenant === HOME ? route : `/@${tenant}${route === "/" ? "" : route}`;
}
