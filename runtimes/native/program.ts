import { posix } from "node:path";
import { FUNCTION_FOLDER, guestEnvironment } from "../guest_environment.ts";
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

/** A program of this name listens on PORT; others read requests on stdin. */
const SERVER = "server";
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
  return { arguments: args, environment: guestEnvironment(env), folder };
}
