export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers that were not 2xx or 3xx, and connections that broke. */
  readonly errors: number;
}

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
  /** Sent by POST. */
  readonly body?: string;
  /** Asked for at random, instead of the path in the URL. */
  readonly paths?: readonly string[];
}

const SCRIPT = new URL("./load.lua", import.meta.url).pathname;

/** Runs wrk on one thread, on the cores that the server has as well. */
export async function load(
  url: string,
  { connections, seconds, body = "", paths = [] }: LoadOptions,
): Promise<LoadResult> {
  const args = [
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--timeout",
    "30s",
    "-s",
    SCRIPT,
    url,
    "--",
    body,
    ...paths,
  ];
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("wrk", { args }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("Cannot find wrk, the load generator.\nTry: apt-get install wrk");
  }
  const text = new TextDecoder().decode(output.stdout);
  const result = /^result (.*)$/m.exec(text)?.[1];
  if (!result) throw new Error(`Cannot read what wrk says: ${text}${new TextDecoder().decode(output.stderr)}`);
  return JSON.parse(result);
}
