import { OperatorError } from "../errors.ts";

/** Files that the operator names in place of what Mayfly would fetch or build. */
const OVERRIDES = ["MAYFLY_WASMTIME", "MAYFLY_ENGINE"] as const;

type Env = Readonly<Record<string, string>>;

/** The file that the variable names, or null. */
export async function readOverride(name: typeof OVERRIDES[number], env: Env): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!env[name]) return null;
  try {
    return await Deno.readFile(env[name]);
  } catch (cause) {
    throw new OperatorError(`Cannot read ${env[name]}, which ${name} names`, `name a file, or unset ${name}`, {
      cause,
    });
  }
}

/** What goes wrong with a file of the operator's is no bug of ours. */
export async function blamingOverrides<T>(env: Env, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const names = OVERRIDES.filter((name) => env[name]).join(" and ");
    if (!names || cause instanceof OperatorError || !(cause instanceof Error)) throw cause;
    throw new OperatorError(`Cannot use what ${names} names: ${cause.message}`, `unset ${names}`, { cause });
  }
}
