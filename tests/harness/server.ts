import { Admin } from "./admin.ts";
import { type Answer, type Call, call } from "./client.ts";
import { mayflyCommand } from "./command.ts";
import { type FolderFiles, functionNames, writeFiles } from "./files.ts";
import { type Facts, processFacts } from "./process.ts";
import { until } from "./until.ts";

export type { FunctionInfo, LogLine } from "./admin.ts";

export interface ServerOptions {
  /** What is in the functions folder when it starts. */
  readonly files?: FolderFiles;
  /** More arguments of `serve`. */
  readonly args?: readonly string[];
  /** Flags of Deno's own, before the program. */
  readonly denoFlags?: readonly string[];
  /** A command that starts the program, and is that program then. */
  readonly starter?: readonly string[];
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The very first start on a machine builds the engine. */
const VERY_FIRST_START_MS = 180_000;

/** A real server, as `deno task start` would run it, on folders of its own. */
export class Server implements AsyncDisposable {
  readonly functions: string;
  readonly data: string;
  /** Everything it printed, over all its restarts. */
  console = "";
  url = "";
  readonly #root: string;
  readonly #options: ServerOptions;
  #process: Deno.ChildProcess | null = null;
  #printed: Promise<unknown> = Promise.resolve();

  private constructor(root: string, options: ServerOptions) {
    this.#root = root;
    this.#options = options;
    this.functions = `${root}/functions`;
    this.data = `${root}/data`;
  }

  /** Ready, and done with building what its folder held. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = await Server.prepare(options);
    await server.up();
    await server.built(functionNames(options.files ?? {}));
    return server;
  }

  /** Folders and files, with no process yet. */
  static async prepare(options: ServerOptions = {}): Promise<Server> {
    const server = new Server(await Deno.makeTempDir({ prefix: "mayfly-test-" }), options);
    await Deno.mkdir(server.functions);
    await writeFiles(server.functions, options.files ?? {});
    return server;
  }

  /** Starts the process; comes back when it says that it is ready. */
  async up(): Promise<void> {
    const { args = [], denoFlags = [], starter = [], env = {} } = this.#options;
    const folders = ["--functions", this.functions, "--data", this.data, "--port", "0"];
    const process = mayflyCommand(
      ["serve", ...folders, ...args],
      {
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        env,
      },
      denoFlags,
      starter,
    ).spawn();
    this.#process = process;
    this.#printed = Promise.all([this.#collect(process.stdout), this.#collect(process.stderr)]);
    let ended: Deno.CommandStatus | null = null;
    process.status.then((status) => ended = status);
    this.url = await until("the server is ready", async () => {
      if (ended) throw new Error(`Cannot start the server: it exited with ${ended.code}\n${this.console}`);
      const url = await Admin.addressOf(this.data, process.pid);
      return url !== null && await isReady(url) ? url : null;
    }, VERY_FIRST_START_MS);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get admin(): Admin {
    return new Admin(this.url, this.data);
  }

  async facts(): Promise<Facts> {
    return await processFacts(this.pid);
  }

  async call(path: string, init?: Call): Promise<Answer> {
    return await call(this, path, init);
  }

  /** Puts files into the functions folder, each in one write. */
  async drop(files: FolderFiles): Promise<void> {
    await writeFiles(this.functions, files);
  }

  /** Waits until none of these functions has a build before it. */
  async built(names: readonly string[]): Promise<void> {
    await until(`${names.join(", ")} are built`, async () => {
      const known = new Map((await this.admin.functions()).map((info) => [info.name, info]));
      return names.every((name) => known.has(name) && known.get(name)!.state !== "building");
    }, VERY_FIRST_START_MS);
  }

  /** Waits until a path is answered as wanted, and returns that answer. */
  async answers(path: string, wanted: (answer: Answer) => boolean): Promise<Answer> {
    let last = "nothing";
    return await until(() => `${path} answers as wanted; its last answer was ${last}`, async () => {
      const answer = await this.call(path);
      last = `${answer.status} ${answer.text.slice(0, 500)}`;
      return wanted(answer) ? answer : null;
    });
  }

  /** Sends a signal and waits for the end of the process. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    const process = this.#child;
    process.kill(signal);
    const status = await process.status;
    await this.#printed;
    this.#process = null;
    return status;
  }

  /** Sends a signal, and does not wait. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  get ended(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process) {
      try {
        await this.stop("SIGKILL");
      } catch {
        await this.#printed;
      }
    }
    await Deno.remove(this.#root, { recursive: true });
  }

  get #child(): Deno.ChildProcess {
    if (!this.#process) throw new Error("Cannot use the server: it is not running");
    return this.#process;
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.console += text;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/_mayfly/ready`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
