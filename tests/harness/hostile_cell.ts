import assert from "node:assert/strict";
import { join } from "node:path";
import { CellMode, CellOperation } from "../../ffi/layout.ts";
import { NativeCell } from "../../ffi/native_cell.ts";
import { openShim } from "../../ffi/symbols.ts";
import { Cache } from "../../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../../src/setup/cache_dir.ts";
import { CELL_SOURCES, cellFiles } from "../../src/setup/cell.ts";
import { startSetup } from "../../src/setup/setup.ts";
import { runTool } from "../../src/setup/tool.ts";
import {
  engineHeaders,
  sourcesIn,
  vmEngineRecipe,
  vmProgramRecipe,
  type WithCompiler,
} from "../../src/setup/vm_engine.ts";
import { encodeRequest } from "../../src/tiers/vm/requests.ts";
import { type CellReply, Tellings } from "../../src/tiers/vm/tellings.ts";

const env = Deno.env.toObject();
const symbols = openShim((await startSetup({ progress: console.log }).shim).library);

/** What a cell is before it serves: all of that is in the jail with it. */
const OF_THE_CELL = /\/(main|control|jail|seccomp\w*|landlock)\.[ch]$|\.h$/;

export const folder = await Deno.makeTempDir();
/** A tenant's. */
export const USER = 0x6d00_0007;

let made: Promise<string> | undefined;

/** A cell's program that serves nothing and does what it is told: ffi/cell/test/hostile. */
export function hostileProgram(): Promise<string> {
  return made ??= makeHostileProgram();
}

async function makeHostileProgram(): Promise<string> {
  const cache = new Cache(cacheDirOf(env), console.log);
  await openCacheDir(cache.dir);
  const withCompiler: WithCompiler = (work) => cache.scratch((scratch) => work({ command: ["cc"], env }, scratch));
  const engine = await vmEngineRecipe(withCompiler, console.log);
  const own = (await cellFiles()).filter((file) => OF_THE_CELL.test(file));
  const files = [...own, ...await sourcesIn("test/hostile", CELL_SOURCES), ...await engineHeaders()];
  const program = "mayfly-hostile-cell";
  const withEngine = () => cache.folder(engine);
  const recipe = await vmProgramRecipe({ program, files, engine, withEngine, withCompiler });
  return join(await cache.folder(recipe), program);
}

/** A file of ffi/cell/test as a program, in a folder. */
export async function cellTestProgram(name: string, folder: string): Promise<string> {
  const program = join(folder, name);
  const flags = ["-std=c17", "-D_GNU_SOURCE", "-O1"];
  await runTool(["cc", ...flags, join(CELL_SOURCES, "test", `${name}.c`), "-o", program], { env, hint: "" });
  return program;
}

export interface OpenOptions {
  readonly program: string;
  readonly kvm?: string;
}

/** A process that is no cell yet. */
export async function openProcess({ program, kvm = "/dev/kvm" }: OpenOptions): Promise<NativeCell> {
  return await NativeCell.open(symbols, { program, kvm, wakeSocket: join(folder, `${crypto.randomUUID()}.sock`) });
}

export interface StartOptions {
  readonly mode?: keyof typeof CellMode;
  readonly user?: number;
}

/** A cell with all that it told. */
export class HostileCell implements AsyncDisposable {
  readonly process: NativeCell;
  /** Resolves at the end of what it tells. */
  readonly gone: Promise<void>;
  readonly #replies = new Map<number, PromiseWithResolvers<CellReply | null>>();
  #requests = 0;
  #isGone = false;
  #end: Promise<string> | null = null;

  private constructor(process: NativeCell) {
    this.process = process;
    this.gone = this.#read();
  }

  static async open(options: OpenOptions): Promise<HostileCell> {
    return new HostileCell(await openProcess(options));
  }

  /** The same, in its jail: what it says is not in force. */
  async start({ mode = "SERVES", user = 0 }: StartOptions = {}): Promise<string> {
    const reply = await this.#request((id) =>
      encodeRequest(id, { operation: CellOperation.START, mode: CellMode[mode], user })
    );
    assert.ok(reply, "the cell died while it started");
    assert.equal(reply.error, 0, reply.text);
    return reply.text;
  }

  /** Has it try something: what the kernel said to it, negative if that was an error; null if it is dead of that. */
  async attempt(
    attack: string,
    { file = null, isNewFile = false }: { file?: string | null; isNewFile?: boolean } = {},
  ) {
    const program = { arguments: [attack], environment: [], folder: "" };
    const reply = await this.#request(
      (id) => encodeRequest(id, { operation: CellOperation.STATS, program }),
      file,
      isNewFile,
    );
    if (reply === null) return null;
    assert.equal(reply.error, 0, `${attack}: ${reply.text}`);
    return reply.generation ? -reply.sandbox : reply.sandbox;
  }

  /** How it ended: it is killed if it had not. */
  end(): Promise<string> {
    return this.#end ??= this.process.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.gone;
  }

  async #request(encode: (id: number) => Uint8Array<ArrayBuffer>, file: string | null = null, isNewFile = false) {
    const id = ++this.#requests;
    const reply = Promise.withResolvers<CellReply | null>();
    this.#replies.set(id, reply);
    this.process.send(encode(id), file, isNewFile);
    if (this.#isGone) return null;
    return await reply.promise;
  }

  async #read(): Promise<void> {
    const tellings = new Tellings({
      reply: (reply) => this.#replies.get(reply.id)?.resolve(reply),
      log: () => {},
      damaged: () => {},
    });
    const bytes = new Uint8Array(65_536);
    for (let count; (count = await this.process.told.read(bytes)) !== null;) tellings.take(bytes.subarray(0, count));
    this.process.told.close();
    this.#isGone = true;
    for (const reply of this.#replies.values()) reply.resolve(null);
  }
}

/** One that is in its jail, by default as a tenant's user that serves. */
export async function startCell(options: StartOptions = { user: USER }): Promise<HostileCell> {
  const cell = await HostileCell.open({ program: await hostileProgram() });
  await cell.start(options);
  return cell;
}
