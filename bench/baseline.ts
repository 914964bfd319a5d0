import { until } from "../tests/harness.ts";

const BARE = new URL("./bare.ts", import.meta.url).pathname;

/** A server without Mayfly in a process of its own, which prints its address. */
export class Baseline implements AsyncDisposable {
  url = "";
  /** Everything it printed. */
  console = "";
  readonly #process: Deno.ChildProcess;

  private constructor([program, ...args]: readonly string[], env: Readonly<Record<string, string>>) {
    this.#process = new Deno.Command(program, {
      args,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#collect(this.#process.stdout);
    this.#collect(this.#process.stderr);
  }

  /** A bare `Deno.serve`: one that says hello, or what the script does. */
  static async start(denoFlags: readonly string[] = [], script = BARE): Promise<Baseline> {
    return await Baseline.run([Deno.execPath(), "run", "--allow-net", "--allow-env", ...denoFlags, script]);
  }

  /** Any server: the first address that it prints is where it listens. */
  static async run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Baseline> {
    const baseline = new Baseline(command, env);
    baseline.url = await until(
      "the baseline listens",
      () => /http:\/\/127\.0\.0\.1:\d+/.exec(baseline.console)?.[0],
    );
    return baseline;
  }

  signal(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.console += text;
  }
}
