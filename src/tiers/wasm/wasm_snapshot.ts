import type { Clock } from "../../clock.ts";
import { MiB } from "../../limits.ts";
import { failure } from "../../outcome.ts";
import type { FunctionId, FunctionSettings, Invocation, Outcome } from "../../types.ts";
import type { ContextOf } from "../context.ts";
import type { Engine } from "./engine.ts";
import { InlinePolicy } from "./inline_policy.ts";
import type { Resident, Residents } from "./residents.ts";
import type { VersionFiles } from "../version_files.ts";
import { ResumePolicy } from "../resume_policy.ts";
import { Run } from "../run.ts";
import type { ResponseSink, Snapshot } from "../tier.ts";
import { TurnLine } from "../turns.ts";

/** A snapshot in the engine. */
export interface LoadedSnapshot {
  readonly id: number;
  readonly bytes: number;
}

export interface WasmSnapshotOptions {
  readonly engine: Engine;
  readonly residents: Residents;
  readonly clock: Clock;
  readonly id: FunctionId;
  readonly settings: FunctionSettings;
  readonly files: VersionFiles;
  /** Brings what is stored of it into the engine. Throws if that is damaged. */
  readonly bring: (dir: string) => Promise<LoadedSnapshot>;
  /** Told when that failed for a run; `fetch` throws instead. */
  readonly onDamaged: (error: unknown) => void;
  readonly contextOf: ContextOf;
}

/** A function's image: on disk always, in the engine while it is used. */
export class WasmSnapshot implements Snapshot, Resident {
  bytes = 0;
  readonly #options: WasmSnapshotOptions;
  readonly #line = new TurnLine();
  readonly #inline: InlinePolicy;
  readonly #resumes: ResumePolicy;
  /** Of the engine; -1: on disk alone. */
  #id = -1;
  #loading: Promise<void> | null = null;
  #running = 0;
  #disposed = false;
  /** There was no room for it while it ran. */
  #evicted = false;
  /** How long the image took to be read, for the first run after that to tell. */
  #coldMs: number | null = null;

  constructor(options: WasmSnapshotOptions) {
    this.#options = options;
    this.#inline = new InlinePolicy(options.clock);
    this.#resumes = new ResumePolicy(options.clock);
  }

  run(invocation: Invocation, sink: ResponseSink, onSettled: () => void): Outcome | Promise<Outcome> {
    this.#running++;
    if (this.#id < 0) return this.#runCold(invocation, sink, onSettled);
    return this.#runWarm(invocation, sink, onSettled);
  }

  /** Reads it from disk. */
  async fetch(): Promise<void> {
    const { clock, bring, files } = this.#options;
    const since = clock.monotonic();
    this.adopt(await bring(files.folder));
    this.#coldMs = clock.monotonic() - since;
  }

  /** It is in the engine. */
  adopt({ id, bytes }: LoadedSnapshot): void {
    this.#id = id;
    this.bytes = bytes;
    this.#options.residents.add(this);
  }

  evict(): void {
    this.#evicted = true;
    this.#dropIfIdle();
  }

  moved(dir: string): void {
    this.#options.files.folder = dir;
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    this.#dropIfIdle();
    return Promise.resolve();
  }

  #dropIfIdle(): void {
    if (this.#running === 0 && this.#disposed) this.#options.files.close();
    if (this.#running > 0 || this.#id < 0 || !(this.#evicted || this.#disposed)) return;
    this.#options.residents.remove(this);
    this.#options.engine.native.snapshotDrop(this.#id);
    this.#id = -1;
    this.#evicted = false;
  }

  async #runCold(invocation: Invocation, sink: ResponseSink, onSettled: () => void): Promise<Outcome> {
    try {
      this.#loading ??= this.#bringBack();
      await this.#loading;
    } catch (error) {
      this.#running--;
      this.#dropIfIdle();
      onSettled();
      return failure("not_deployed", "The function is being built again", { cause: error, retryAfterS: 1 });
    }
    return this.#runWarm(invocation, sink, onSettled);
  }

  async #bringBack(): Promise<void> {
    try {
      await this.fetch();
    } catch (error) {
      this.#options.onDamaged(error);
      throw error;
    } finally {
      this.#loading = null;
    }
  }

  #runWarm(
    invocation: Invocation,
    sink: ResponseSink,
    onSettled: () => void,
  ): Outcome | Promise<Outcome> {
    const { engine, residents, id, settings, files } = this.#options;
    if (this.#evicted) {
      this.#evicted = false;
      residents.add(this);
    } else {
      residents.touch(this);
    }
    const run = new Run(engine.steps, {
      line: this.#line,
      snapshot: this.#id,
      contextOf: this.#options.contextOf,
      coldMs: this.#coldMs,
      function: id,
      net: settings.net,
      files: files.open,
      cpuMs: settings.cpuMs,
      bodyBytes: settings.bodyMb * MiB,
      responseBytes: settings.responseMb * MiB,
      invocation,
      sink,
      onSettled: () => {
        this.#running--;
        this.#dropIfIdle();
        onSettled();
      },
      resumes: this.#resumes,
    });
    this.#coldMs = null;
    if (this.#inline.allows(this.#line, engine.steps.turns.shortSteps)) this.#inline.ran(run.runInline());
    else run.enqueue();
    return run.outcome ?? run.wait();
  }
}
