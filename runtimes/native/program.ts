import { posix } from "node:path";
import type { NativePlan, Program, RuntimeImage } from "../runtime.ts";
import { image } from "./image.ts";
import { INTERPRETERS } from "./interpreters.ts";

/** What of a function decides how it is run. */
export interface NativeFunction {
  /** The program, relative to the function's root, where `run` says nothing. */
  readonly entry?: string;
  /** The function's own folder; "" for the root. */
  readonly folder?: string;
  readonly settings: {
    readonly run: readonly string[] | null;
    readonly env: Readonly<Record<string, string>>;
  };
}

const FUNCTION_FOLDER = "/function";
/** A program of this name listens on PORT; others read requests on stdin. */
const SERVER = "server";
const PROXY = "http://127.0.0.1:3128";
const NOT_BY_PROXY = "localhost,127.0.0.1,::1";

/** The environment of every native program, where its own says nothing else. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/tmp",
  LANG: "C.UTF-8",
  // Without it libraries look through all zones of the world for the one that is meant.
  TZ: "UTC",
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  http_proxy: PROXY,
  https_proxy: PROXY,
  NO_PROXY: NOT_BY_PROXY,
  no_proxy: NOT_BY_PROXY,
};
const PORT = "8080";

export function nativePlan({ entry = "", folder = "", settings: { run, env } }: NativeFunction): NativePlan {
  const home = posix.join(FUNCTION_FOLDER, folder);
  if (run === null) {
    const path = posix.join(FUNCTION_FOLDER, entry);
    return posix.basename(entry) === SERVER
      ? server(programOf([path], home, env), [])
      : { kind: "stdio", program: programOf([path], home, env), images: [image] };
  }
  const [name, ...rest] = run;
  const interpreter = Object.hasOwn(INTERPRETERS, name) ? INTERPRETERS[name] : null;
  if (interpreter) {
    const program = programOf([interpreter.path, ...interpreter.arguments, ...rest], home, {
      ...interpreter.environment,
      ...env,
    });
    return server(program, [interpreter.image]);
  }
  return server(programOf([posix.join(home, name), ...rest], home, env), []);
}

function server(program: Program, more: readonly RuntimeImage[]): NativePlan {
  const isTold = program.environment.some((variable) => variable.startsWith("PORT="));
  const environment = isTold ? program.environment : [...program.environment, `PORT=${PORT}`];
  return { kind: "server", program: { ...program, environment }, images: [image, ...more] };
}

function programOf(args: readonly string[], folder: string, env: Readonly<Record<string, string>>): Program {
  const environment = Object.entries({ ...ENVIRONMENT, ...env }).map(([name, value]) => `${name}=${value}`);
  return { arguments: args, environment, folder };
}
