import { until } from "../tests/harness.ts";

/** A bare `Deno.serve` in a process of its own. */
export class Baseline implements AsyncDisposable {
  url = "";
  /** Everything it printed. */
  console = "";
  readonly #process: Deno.ChildProcess;

  private constructor(denoFlags: readonly string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-net", ...denoFlags, new URL("./bare.ts", import.meta.url).pathname],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#collect(this.#process.stdout);
    this.#collect(this.#process.stderr);
  }

  static async start(denoFlags: readonly string[] = []): Promise<Baseline> {
    const baseline = new Baseline(denoFlags);
    baseline.url = await until("the baseline listens", () => /^http:\S+/m.exec(baseline.console)?.[0]);
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
