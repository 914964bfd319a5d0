import { dirname, resolve } from "node:path";
import { OperatorError } from "../errors.ts";
import type { Options, Values } from "./command.ts";
import { UsageError } from "./usage_error.ts";

export interface ServeOptions {
  /** Absolute, and there. */
  readonly functionsDir: string;
  /** Absolute; made when the server starts. */
  readonly dataDir: string;
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Callers and the console see why a function failed, the console also what functions write. */
  readonly dev: boolean;
}

export const DEFAULT_DATA_DIR = ".mayfly";

export const SERVE_OPTIONS = {
  functions: { type: "string", value: "DIR", help: "the folder with the functions (./functions)" },
  data: { type: "string", value: "DIR", help: `what the server keeps (${DEFAULT_DATA_DIR})` },
  host: { type: "string", value: "HOST", help: "the address to listen on (127.0.0.1)" },
  port: { type: "string", value: "PORT", help: "the port to listen on (8000; 0 takes any that is free)" },
  dev: { type: "boolean", help: "shows callers and here why a function failed, and here what functions write" },
} as const satisfies Options;

/** Throws OperatorError. */
export async function serveOptions(values: Values<typeof SERVE_OPTIONS>, cwd: string): Promise<ServeOptions> {
  return {
    port: portOf(values.port ?? "8000"),
    hostname: given("--host", values.host ?? "127.0.0.1"),
    functionsDir: await functionsDir(resolve(cwd, given("--functions", values.functions ?? "functions"))),
    dataDir: resolve(cwd, given("--data", values.data ?? DEFAULT_DATA_DIR)),
    dev: values.dev ?? false,
  };
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`--port cannot be ${text}`, "a number from 0 to 65535");
}

/** A shell variable that is not set leaves an empty value, which would mean the folder where the user stands. */
function given(option: string, value: string): string {
  if (value !== "") return value;
  throw new UsageError(`${option} is empty`, `${option} with a value, or without it for the default`);
}

const NO_FOLDER = "it is not a folder";

async function functionsDir(path: string): Promise<string> {
  const problem = await Deno.stat(path).then(
    ({ isDirectory }) => isDirectory ? null : NO_FOLDER,
    (error) => error instanceof Deno.errors.NotFound ? "there is no such folder" : (error as Error).message,
  );
  if (problem === null) return path;
  const hint = problem === NO_FOLDER
    ? `--functions ${dirname(path)}, for the folder that it is in`
    : `mkdir -p ${path}, or name another folder with --functions DIR`;
  throw new OperatorError(`Cannot serve the functions of ${path}: ${problem}`, hint);
}
