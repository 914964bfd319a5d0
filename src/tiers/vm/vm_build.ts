import { constants } from "node:os";
import { join } from "node:path";
import { CellProtocol } from "../../../ffi/layout.ts";
import type { NativePlan } from "../../../runtimes/runtime.ts";
import type { Clock } from "../../clock.ts";
import { MiB } from "../../limits.ts";
import type { HandlerKind } from "../../types.ts";
import { jsContext } from "../context.ts";
import { Evaluation } from "../evaluation.ts";
import type { SandboxRef } from "../run_options.ts";
import { type Artifact, BuildError, type GuestLine, PassingError } from "../tier.ts";
import { VersionFiles } from "../version_files.ts";
import { type Boot, BuildCell } from "./build_cell.ts";
import { CellError } from "./cell.ts";
import type { CellStarter } from "./cell_starter.ts";
import type { Images } from "./images.ts";
import { LastLines } from "./last_lines.ts";
import { type OwnFiles, viewIn } from "./own_files.ts";
import { type Runtime, type RuntimeName, runtimeOf, type Runtimes } from "./runtimes.ts";
import { type StoredView, viewsOf } from "./stored.ts";
import type { CellReply } from "./tellings.ts";
import { RECORD, SNAPSHOT, type VersionRecord } from "./version_snapshot.ts";

export interface VmBuildOptions {
  readonly clock: Clock;
  readonly starter: CellStarter;
  readonly runtimes: Runtimes;
  readonly images: Images;
  /** How a native program is to be run. Throws a BuildError. */
  readonly planOf: (artifact: Artifact) => NativePlan;
}

export interface VmBuildJob {
  readonly artifact: Artifact;
  /** The version's folder. */
  readonly folder: string;
  /** Where the snapshot goes. */
  readonly to: string;
  readonly files: OwnFiles;
  readonly log: (line: GuestLine) => void;
  readonly signal: AbortSignal;
}

const { EAGAIN, EMFILE, ENFILE, ENOMEM, ENOSPC, ETIMEDOUT } = constants.errno;
/** Python tells which line does not end. */
const TELLING_MS = 2000;

/** Makes a version's snapshot, in a cell that does nothing else and ends with it. */
export class VmBuild {
  readonly #cell: BuildCell;

  private constructor(readonly options: VmBuildOptions, readonly job: VmBuildJob, cell: BuildCell) {
    this.#cell = cell;
  }

  /** Throws a BuildError for what the function's author can mend. */
  static async run(options: VmBuildOptions, job: VmBuildJob): Promise<{ kind: HandlerKind; record: VersionRecord }> {
    const { artifact, signal } = job;
    signal.throwIfAborted();
    const cell = await options.starter.start(artifact.id.tenant, "BUILDS");
    const stop = () => void cell.end();
    signal.addEventListener("abort", stop);
    try {
      const build = new VmBuild(options, job, new BuildCell(cell, options.clock));
      return artifact.language === "native" ? await build.#program() : await build.#function();
    } catch (error) {
      signal.throwIfAborted();
      if (cell.hasCrashed) throw new PassingError("The process that built it ended", { cause: error });
      throw error instanceof CellError ? refusal(error, error.message) : error;
    } finally {
      signal.removeEventListener("abort", stop);
      cell.end();
    }
  }

  /** A function of a runtime that is there: what it adds is a difference. */
  async #function(): Promise<{ kind: HandlerKind; record: VersionRecord }> {
    const { artifact, folder, to, files } = this.job;
    const name = runtimeOf(artifact.language)!;
    const { runtime, parent } = await this.#runtime(name);
    const views = [...viewsOf(runtime), ...files.views.map((name) => viewIn(folder, name))];
    const object = await this.#cell.derive(parent, {
      views,
      protocol: CellProtocol.FRAMES,
      memoryBytes: artifact.settings.memoryMb * MiB,
    });
    const evaluation = this.#evaluation(object);
    const body = name === "python" ? files.pack ?? new Uint8Array() : artifact.bundle;
    const kind = await evaluation.evaluate(body, {
      entry: artifact.entry,
      folder: artifact.folder,
      buildTimeoutMs: artifact.settings.buildTimeoutMs,
    });
    await evaluation.warmUp();
    await this.#cell.take(evaluation.held!, parent, join(to, SNAPSHOT));
    const protocol = CellProtocol.FRAMES;
    return { kind, record: await this.#record({ runtime: runtime.id, images: [], protocol, tcpPort: 0 }) };
  }

  /** Of a runtime that is damaged a new one is made. */
  async #runtime(name: RuntimeName): Promise<{ runtime: Runtime; parent: number }> {
    const { runtimes } = this.options;
    const { objects } = this.#cell;
    const kept = await this.#booted(name);
    try {
      return { runtime: kept, parent: await objects.snapshot(kept) };
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      await runtimes.forget(kept);
    }
    const runtime = await this.#booted(name);
    return { runtime, parent: await objects.snapshot(runtime) };
  }

  /** Whoever deploys is told what this machine lacks. */
  async #booted(name: RuntimeName): Promise<Runtime> {
    try {
      return await this.options.runtimes.get(name);
    } catch (error) {
      refuseHere(error);
    }
  }

  /** A program that is run until it waits for its first request. */
  async #program(): Promise<{ kind: HandlerKind; record: VersionRecord }> {
    const { artifact, folder, to, files, log } = this.job;
    const { planOf, images } = this.options;
    const { settings } = artifact;
    const { program, kind, images: needed } = planOf(artifact);
    const seen: StoredView[] = await Promise.all(needed.map((image) => images.of(image))).catch(refuseHere);
    const protocol = kind === "stdio" ? CellProtocol.STDIO : CellProtocol.SERVER;
    const { sandbox, generation, tcpPort } = await this.#boot({
      program,
      views: [...seen, ...files.views.map((name) => viewIn(folder, name))],
      protocol,
      memoryBytes: settings.memoryMb * MiB,
      withinMs: settings.buildTimeoutMs,
    });
    if (kind === "server" && !program.environment.includes(`PORT=${tcpPort}`)) {
      log({ level: "info", text: `It listens on port ${tcpPort}, not on $PORT: its requests go there` });
    }
    const evaluation = this.#evaluation(0, { sandbox, generation });
    await evaluation.warmUp();
    await this.#cell.take(evaluation.held!, 0, join(to, SNAPSHOT));
    return {
      kind,
      record: await this.#record({ runtime: null, images: needed.map(({ name }) => name), protocol, tcpPort }),
    };
  }

  /** What a program printed before it failed says more than how it failed. */
  async #boot(boot: Omit<Boot, "log">): Promise<CellReply> {
    const { artifact: { settings }, log } = this.job;
    const said = new LastLines();
    const hear = (line: GuestLine) => {
      said.add(line);
      log(line);
    };
    try {
      return await this.#cell.boot({ ...boot, log: hear });
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      const isLate = error.errno === -ETIMEDOUT;
      const message = isLate ? `${error.message} of ${settings.buildTimeoutMs}` : error.message;
      throw refusal(error, said.after(message));
    }
  }

  #evaluation(snapshot: number, held?: SandboxRef): Evaluation {
    const { artifact, folder, log, signal } = this.job;
    return new Evaluation({
      clock: this.options.clock,
      artifact,
      files: new VersionFiles(folder),
      log,
      signal,
      snapshot,
      held,
      graceMs: artifact.language === "python" ? TELLING_MS : 0,
      contextOf: artifact.language === "native" ? () => "" : jsContext,
      begin: (options) => this.#cell.cell.run(options),
    });
  }

  async #record(facts: Omit<VersionRecord, "views" | "madeAtMs">): Promise<VersionRecord> {
    const { to, files } = this.job;
    const record = { ...facts, views: files.views, madeAtMs: this.options.clock.now() };
    await Deno.writeTextFile(join(to, RECORD), JSON.stringify(record) + "\n");
    return record;
  }
}

/** Of what the machine has too little now. */
const PASSING: ReadonlySet<number> = new Set([EAGAIN, ENOMEM, ENOSPC, EMFILE, ENFILE]);

function refusal(error: CellError, message: string): BuildError | PassingError {
  return PASSING.has(-error.errno) ? new PassingError(message, { cause: error }) : new BuildError(message);
}

/** This machine lacks what a runtime needs. */
function refuseHere(error: unknown): never {
  throw new PassingError(`Cannot run it here: ${error instanceof Error ? error.message : error}`, { cause: error });
}
