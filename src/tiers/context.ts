import type { Invocation } from "../types.ts";

type Told = Pick<Invocation, "mount" | "params">;

/** What a request's head tells the guest beside the request itself. */
export type ContextOf = (invocation: Told) => string;

/** A JavaScript function's: JSON, or nothing where there is nothing to tell. */
export const jsContext: ContextOf = ({ mount, params }) =>
  params === null && mount === "" ? "" : JSON.stringify({ params: params ?? {}, mount });

/**
 * A WASI command's: the part of the path that is its own, and variables of its environment, each with a NUL at its end. A
 * parameter of the route `[id]` is PARAM_id.
 */
export function wasiContext(route: string): ContextOf {
  // A file that takes the rest of a path sees all of it, and has no mount.
  const above = /^([^:]*)\/\*$/.exec(route)?.[1] ?? "";
  return ({ mount, params }) => {
    const variables = Object.entries(params ?? {})
      .map(([name, value]) => `PARAM_${name}=${value.replaceAll("\0", "")}\0`);
    return `${mount || above}\0${variables.join("")}`;
  };
}
