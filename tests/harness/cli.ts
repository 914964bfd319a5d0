import { mayflyCommand } from "./command.ts";

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  json<T>(): T;
}

/** Runs `mayfly ARGS` to its end. */
export async function mayfly(args: readonly string[], options: Deno.CommandOptions = {}): Promise<CliResult> {
  const output = await mayflyCommand(args, { stdin: "null", ...options }).output();
  const stdout = new TextDecoder().decode(output.stdout);
  return {
    code: output.code,
    stdout,
    stderr: new TextDecoder().decode(output.stderr),
    json: <T>() => JSON.parse(stdout) as T,
  };
}
