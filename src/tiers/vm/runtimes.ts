import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { CellProtocol } from "../../../ffi/layout.ts";
import type { FunctionRuntime } from "../../../runtimes/runtime.ts";
import type { Clock } from "../../clock.ts";
import { LIMITS } from "../../limits.ts";
import { hashOfFile } from "../../state/file_hash.ts";
import type { Artifact, GuestLine } from "../tier.ts";
import { BuildCell } from "./build_cell.ts";
import type { CellStarter } from "./cell_starter.ts";
import type { Images, PackedImage } from "./images.ts";
import type { StoredSnapshot } from "./stored.ts";

/** What functions in the JavaScript or the Python of microVMs begin as. */
export type RuntimeName = "deno" | "python";

/** What a language's functions begin as; null: they begin as nothing. */
export function runtimeOf(language: Artifact["language"]): RuntimeName | null {
  return language === "js" ? "deno" : language === "python" ? "python" : null;
}

/** A runtime's snapshot: server files only, so that all tenants may share it. */
export interface Runtime extends StoredSnapshot {
  /** Its folder's name, which a version keeps. */
  readonly id: string;
  readonly madeAtMs: number;
}

export interface RuntimesOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly starter: CellStarter;
  readonly images: Images;
  readonly runtimes: readonly FunctionRuntime[];
  /** Of the cells' program: a snapshot fits no other. */
  readonly engineId: string;
  readonly onTrouble: (message: string) => void;
}

const SNAPSHOT = "snapshot.bin";
const HASH = "snapshot.sha256";
const KEPT_MS = 60 * 60 * 1000;
const MAKING = "making-";
/** What was found by looking holds so long: looking takes time. */
const LOOK_HOLDS_MS = 60_000;
const BOOT_TIMEOUT_MS = 30_000;
/** Whose cells build runtimes: no tenant's name is empty. */
const NOBODY = "";

/** Runtimes' snapshots: made at first need, kept over restarts, made anew when they are old or damaged. */
export class Runtimes {
  readonly #options: RuntimesOptions;
  readonly #known = new Map<string, Runtime>();
  readonly #newest = new Map<RuntimeName, Runtime>();
  readonly #making = new Map<RuntimeName, Promise<Runtime>>();
  readonly #looks = new Map<string, { readonly atMs: number; readonly isWhole: Promise<boolean> }>();

  private constructor(options: RuntimesOptions) {
    this.#options = options;
  }

  /** Takes what a former server left. */
  static async open(options: RuntimesOptions): Promise<Runtimes> {
    const { folder } = options;
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const runtimes = new Runtimes(options);
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(MAKING)) await Deno.remove(join(folder, name), { recursive: true });
    }
    return runtimes;
  }

  /** The one that new snapshots are made with. An old one serves while the next is made. */
  async get(name: RuntimeName): Promise<Runtime> {
    const newest = this.#newest.get(name) ?? await this.#left(name);
    if (!newest) return await this.#make(name);
    if (this.#isOld(newest)) {
      this.#make(name).catch((error) => this.#options.onTrouble(`Cannot renew the runtime ${name}: ${error.message}`));
    }
    return newest;
  }

  /** The one that is not old: it is waited for. */
  async fresh(name: RuntimeName): Promise<Runtime> {
    const newest = await this.get(name);
    return this.#isOld(newest) ? await this.#make(name) : newest;
  }

  #isOld({ madeAtMs }: Runtime): boolean {
    return this.#options.clock.now() - madeAtMs > LIMITS.snapshotAgeMs;
  }

  /** The one that a version's snapshot is a difference to. Throws if it is not there any more. */
  async find(id: string): Promise<Runtime> {
    const known = this.#known.get(id);
    if (known) return known;
    const parsed = parseId(id);
    if (!parsed) throw new Error(`Cannot use the runtime ${id}: its name makes no sense`);
    const file = join(this.#options.folder, id, SNAPSHOT);
    if (!(await Deno.stat(file)).isFile) throw new Error(`Cannot use the runtime ${id}: it is damaged`);
    const view = await this.#options.images.of(this.#of(parsed.name).image);
    if (parsed.key !== this.#keyOf(parsed.name, view)) {
      throw new Error(`Cannot use the runtime ${id}: it is of another build`);
    }
    return this.#add(id, view, parsed.madeAtMs);
  }

  /**
   * Whether it is a runtime that is what was written. A cell that served a tenant may say anything, and a runtime is
   * everybody's: so nothing is done to it before it was looked at here.
   */
  isWhole(stored: StoredSnapshot): Promise<boolean> {
    if (!this.#isKnown(stored)) return Promise.resolve(false);
    const { id } = stored;
    const now = this.#options.clock.monotonic();
    let look = this.#looks.get(id);
    if (!look || now - look.atMs > LOOK_HOLDS_MS) {
      look = { atMs: now, isWhole: this.#look(stored) };
      this.#looks.set(id, look);
    }
    return look.isWhole;
  }

  async #look({ id, file }: Runtime): Promise<boolean> {
    const written = await Deno.readTextFile(join(this.#options.folder, id, HASH)).catch(() => null);
    if (written === null || written !== await hashOfFile(file).catch(() => "")) return false;
    this.#options.onTrouble(`A cell says that the runtime ${id} is damaged, which it is not`);
    return true;
  }

  #isKnown(stored: StoredSnapshot): stored is Runtime {
    return this.#known.get((stored as Partial<Runtime>).id ?? "") === stored;
  }

  /** If it is a runtime: it cannot be loaded, and nothing new is made with it. */
  async forget(stored: StoredSnapshot): Promise<void> {
    if (this.#isKnown(stored)) await this.#remove(stored.id).catch(() => {});
  }

  async #remove(id: string): Promise<void> {
    this.#looks.delete(id);
    this.#known.delete(id);
    for (const [name, newest] of this.#newest) {
      if (newest.id === id) this.#newest.delete(name);
    }
    await Deno.remove(join(this.#options.folder, id), { recursive: true });
  }

  /** Removes what is of no use any more: neither needed by a version nor new. */
  async sweep(needed: ReadonlySet<string>): Promise<void> {
    const { folder, clock } = this.#options;
    for await (const { name: id } of Deno.readDir(folder)) {
      // A build that is not over may still use one that was just replaced.
      const isNew = clock.now() - (parseId(id)?.madeAtMs ?? 0) < LIMITS.snapshotAgeMs + KEPT_MS;
      if (id.startsWith(MAKING) || needed.has(id) || isNew) continue;
      await this.#remove(id);
    }
  }

  /** The newest one on disk that fits this server. */
  async #left(name: RuntimeName): Promise<Runtime | null> {
    const { folder, images } = this.#options;
    const key = this.#keyOf(name, await images.of(this.#of(name).image));
    const ids: string[] = [];
    for await (const { name: id } of Deno.readDir(folder)) {
      const parsed = parseId(id);
      if (parsed?.name === name && parsed.key === key) ids.push(id);
    }
    const newest = ids.sort((a, b) => parseId(b)!.madeAtMs - parseId(a)!.madeAtMs)[0];
    if (newest === undefined) return null;
    const runtime = await this.find(newest).catch(() => null);
    if (runtime && !this.#newest.has(name)) this.#newest.set(name, runtime);
    return runtime;
  }

  #make(name: RuntimeName): Promise<Runtime> {
    let making = this.#making.get(name);
    if (!making) {
      making = this.#build(name).finally(() => this.#making.delete(name));
      this.#making.set(name, making);
    }
    return making;
  }

  async #build(name: RuntimeName): Promise<Runtime> {
    const { folder, clock, starter, images } = this.#options;
    const { image, program, memoryBytes } = this.#of(name);
    const view = await images.of(image);
    const making = await Deno.makeTempDir({ dir: folder, prefix: MAKING });
    const said: GuestLine[] = [];
    const cell = await starter.start(NOBODY, "BUILDS");
    try {
      const build = new BuildCell(cell, clock);
      const booted = await build.boot({
        program,
        views: [view],
        protocol: CellProtocol.FRAMES,
        memoryBytes,
        withinMs: BOOT_TIMEOUT_MS,
        log: (line) => said.push(line),
      });
      await build.take(booted, 0, join(making, SNAPSHOT));
    } catch (error) {
      await Deno.remove(making, { recursive: true });
      throw new Error(
        [`Cannot boot the runtime ${name}: ${messageOf(error)}`, ...said.map(({ text }) => text)].join("\n"),
      );
    } finally {
      cell.end();
    }
    await Deno.writeTextFile(join(making, HASH), await hashOfFile(join(making, SNAPSHOT)), { mode: 0o600 });
    const madeAtMs = clock.now();
    const id = `${name}-${this.#keyOf(name, view)}-${madeAtMs}-${randomBytes(4).toString("hex")}`;
    await Deno.rename(making, join(folder, id));
    const runtime = this.#add(id, view, madeAtMs);
    this.#newest.set(name, runtime);
    return runtime;
  }

  #of(name: RuntimeName): FunctionRuntime {
    const runtime = this.#options.runtimes.find(({ image }) => image.name === name);
    if (!runtime) throw new Error(`Cannot use the runtime ${name}: this server has none`);
    return runtime;
  }

  #add(id: string, view: PackedImage, madeAtMs: number): Runtime {
    // Two that looked for it at once get one and the same: in a cell it is one object.
    const known = this.#known.get(id);
    if (known) return known;
    const runtime: Runtime = {
      id,
      file: join(this.#options.folder, id, SNAPSHOT),
      parent: null,
      views: [view],
      protocol: CellProtocol.FRAMES,
      tcpPort: 0,
      madeAtMs,
    };
    this.#known.set(id, runtime);
    return runtime;
  }

  /** Of all that decides what is in its snapshot. */
  #keyOf(name: RuntimeName, { key }: PackedImage): string {
    const { program, memoryBytes } = this.#of(name);
    const facts = JSON.stringify([key, program, memoryBytes, this.#options.engineId]);
    return createHash("sha256").update(facts).digest("hex").slice(0, 16);
  }
}

function parseId(id: string): { name: RuntimeName; key: string; madeAtMs: number } | null {
  const match = /^(deno|python)-([0-9a-f]{16})-(\d{1,16})-[0-9a-f]{8}$/.exec(id);
  return match && { name: match[1] as RuntimeName, key: match[2], madeAtMs: Number(match[3]) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`;
}
