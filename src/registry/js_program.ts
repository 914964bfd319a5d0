import { join } from "node:path";
import { BuildError } from "../tiers/tier.ts";
import { packageIn } from "./bundle_importers.ts";
import type { BundleResult } from "./bundle_process.ts";
import type { BundleFacts, BundleProblem, NpmTable, Place } from "./bundle_wire.ts";
import type { Bundler } from "./bundler.ts";
import { keepOwnFiles } from "./keep_own_files.ts";
import { NO_PACKAGES, type Npm, NpmError } from "./npm.ts";
import { placed } from "./placed.ts";
import type { Program, ProgramJob, ProgramMaker } from "./program.ts";
import type { Root } from "./root.ts";
import { stageFiles } from "./stage_files.ts";
import type { SourceMaps } from "./source_map.ts";
import { BUNDLE, SOURCE_MAP } from "./version_folders.ts";
import { explainLack } from "./wasm_lacks.ts";

export interface JsProgramsOptions {
  readonly bundler: Bundler;
  readonly npm: Npm;
  readonly maps: SourceMaps;
}

type Bundled = BundleResult & { readonly facts: BundleFacts };

const MOST_TRIES = 5;
const PROBLEMS_TOLD = 10;

/** TypeScript and JavaScript: one bundle of all that is imported, with its map. */
export class JsPrograms implements ProgramMaker {
  readonly #options: JsProgramsOptions;

  constructor(options: JsProgramsOptions) {
    this.#options = options;
  }

  async make(job: ProgramJob): Promise<Program> {
    const { root, source, tier } = job;
    const { code, map, facts } = await this.#bundle(job);
    const { files, mapped, packages, importers, config } = facts;
    return {
      made: {
        files: { ...root.filesOf(source), ...files },
        mapped,
        compilerOptions: root.denoConfig.compilerOptions,
        packages,
        lock: packages.length > 0 ? root.lock?.hash ?? null : null,
      },
      config,
      parts: { file: BUNDLE, bundle: code, folder: source.folder ?? "" },
      stage: async (folder) => {
        await Deno.writeFile(join(folder, BUNDLE), code);
        await Deno.writeFile(join(folder, SOURCE_MAP), map);
        if (tier === "vm") await stageFiles(root, root.filesOf(source), folder);
        else await keepOwnFiles(root, source, folder);
      },
      explain: (error, folder) => this.#explain(error, folder, job, importers),
    };
  }

  async #bundle({ root, source, tier, signal, onWanted, onProgress }: ProgramJob): Promise<Bundled> {
    const { bundler, npm } = this.#options;
    if (root.denoProblem !== null) throw new BuildError(root.denoProblem);
    const place = { mirror: root.mirror.folder, packages: npm.packages(root.tenant) };
    let table = NO_PACKAGES;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      signal.throwIfAborted();
      const result = await bundler.bundle(place, { entry: source.file, tier, ...root.denoConfig, npm: table });
      const { wanted, missing, problems } = result.reply;
      onWanted(new Set([source.file, ...wanted]));
      if (!npm.isKept(root.tenant, table)) {
        table = await this.#resolve(root, Object.keys(table.specifiers), signal, onProgress);
        continue;
      }
      if (problems.length > 0) throw failure(problems, root);
      if (missing.length > 0) {
        table = await this.#resolve(root, [...Object.keys(table.specifiers), ...missing], signal, onProgress);
        continue;
      }
      const { facts } = result;
      if (facts && await isAsMirrored(root, facts)) return { ...result, facts };
    }
    throw new BuildError(`Cannot build ${source.file}: its files change all the time`);
  }

  /** A package that is not found is told of by the bundler, which knows where it is imported. */
  async #resolve(
    root: Root,
    specifiers: readonly string[],
    signal: AbortSignal,
    onProgress: (what: string) => void,
  ): Promise<NpmTable> {
    try {
      return await this.#options.npm.resolve(root.tenant, specifiers, root.lock, signal, onProgress);
    } catch (error) {
      if (!(error instanceof NpmError)) throw error;
      return { ...NO_PACKAGES, failed: Object.fromEntries(error.specifiers.map((name) => [name, error.message])) };
    }
  }

  /** Says where in the user's file a module failed, and with what stack. */
  async #explain(
    error: BuildError,
    folder: string,
    { source: { file }, tier }: ProgramJob,
    importers: BundleFacts["importers"],
  ): Promise<BuildError> {
    const { maps } = this.#options;
    const stack = error.stack_ === null ? null : await maps.textOf(folder, error.stack_);
    const place = error.place ?? await maps.placeOf(folder, `${error.message}\n${error.stack_ ?? ""}`);
    const importer = place && importers[packageIn(place.file) ?? ""];
    const text = await maps.textOf(folder, error.message);
    const message = (tier === "wasm" ? explainLack(text) : text) +
      (importer ? ` (${importer} imports the package)` : "");
    return new BuildError(place === null ? `${file}: ${message}` : placed(message, place), place, stack);
  }
}

/** The mirror may have moved on while the child read it, and a copy in it may be damaged. */
async function isAsMirrored(root: Root, { files }: BundleFacts): Promise<boolean> {
  const others = Object.keys(files).filter((path) => root.mirror.files.get(path)?.hash !== files[path]);
  if (others.length === 0) return true;
  await root.lookAgain(others);
  return false;
}

function failure(problems: readonly BundleProblem[], root: Root): BuildError {
  const [first] = problems;
  // The mirror leaves out what is no plain file, and knows why.
  const messages = problems.slice(0, PROBLEMS_TOLD).map(({ message, place }) => {
    const why = message.replace(/there is no file (.+)$/, (all, path) => root.mirror.refusal(path) ?? all);
    return placed(why, place) + (why.includes("deno.json does not map it") ? uncounted(root, place) : "");
  });
  // The first line is what a list has room for.
  if (problems.length > 1) messages[0] += ` (and ${problems.length - 1} more)`;
  if (problems.length > messages.length) messages.push(`... and ${problems.length - messages.length} more`);
  return new BuildError(messages.join("\n"), first.place);
}

/** Other tools would read what lies nearer to the file. */
function uncounted({ mirror }: Root, place: Place | null): string {
  const parts = place?.file.split("/").slice(0, -1) ?? [];
  for (; parts.length > 0; parts.pop()) {
    const folder = parts.join("/");
    const other = ["deno.json", "deno.jsonc", "package.json"].find((name) => mirror.files.has(`${folder}/${name}`));
    if (other !== undefined) return ` (${folder}/${other} does not count)`;
  }
  return "";
}
