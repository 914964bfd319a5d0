import { posix } from "node:path";
import { LIMITS, MiB } from "../limits.ts";
import { BuildError } from "../tiers/tier.ts";
import type { Place } from "./bundle_wire.ts";
import { filesProgram, hashesOf } from "./files_program.ts";
import { mirroredBytes } from "./mirrored_bytes.ts";
import { placed } from "./placed.ts";
import type { CodeConfig, Program, ProgramJob, ProgramMaker } from "./program.ts";
import { candidatesOf } from "./python_imports.ts";
import type { PythonPackages } from "./python_packages.ts";
import type { PythonFacts, PythonScanner } from "./python_scan.ts";
import { installRequired, requirementsOf } from "./required.ts";
import type { Root } from "./root.ts";
import type { Source } from "./sources.ts";

/** A longer one is data, and is not looked at. */
const MOST_SOURCE_BYTES = 1 * MiB;

export interface PythonParts {
  readonly scanner: PythonScanner;
  readonly packages: PythonPackages;
}

/**
 * Python: the file of a function, what it imports below its root, and what lies there under names with an underscore, which
 * may be read as well; all files of one that is a folder. What requirements.txt names comes as an image.
 */
export class PythonPrograms implements ProgramMaker {
  readonly #scanner: PythonScanner;
  readonly #packages: PythonPackages;

  constructor({ scanner, packages }: PythonParts) {
    this.#scanner = scanner;
    this.#packages = packages;
  }

  async make({ root, source, signal, onWanted, onProgress }: ProgramJob): Promise<Program> {
    const { files, wanted, entry } = await this.#closure(root, source, signal);
    onWanted(new Set([...Object.keys(files), ...wanted, ...requirementsOf(source)]));
    const config = configOf(source.file, entry);
    const required = await installRequired(this.#packages, { root, source, signal, onProgress });
    const program = filesProgram(root, source, files);
    return {
      ...program,
      made: { ...program.made, ...required.made },
      config,
      stage: async (versionFolder) => {
        await program.stage(versionFolder);
        await required.stage(versionFolder);
      },
    };
  }

  /** Imports of imports, as far as they are there. */
  async #closure(root: Root, source: Source, signal: AbortSignal) {
    const { mirror } = root;
    const shared = [...mirror.files.keys()].filter((path) => path.startsWith("_"));
    const paths = new Set([source.file, ...requirementsOf(source), ...Object.keys(root.filesOf(source)), ...shared]);
    const wanted = new Set<string>();
    const folders = [...new Set([posix.dirname(source.file), source.folder ?? "", ""])]
      .map((folder) => folder === "." ? "" : folder);
    let entry: PythonFacts = {};
    for (let next = [...paths]; next.length > 0;) {
      const sources = next.flatMap((path) => {
        const file = path.endsWith(".py") ? mirror.files.get(path) : undefined;
        return file && (path === source.file || file.size <= MOST_SOURCE_BYTES) ? [{ path, hash: file.hash }] : [];
      });
      // What it says is kept by its hash.
      const read = async (path: string, hash: string) =>
        new TextDecoder().decode(await mirroredBytes(mirror, path, hash));
      const facts = await this.#scanner.scan(sources, read, signal);
      entry = facts.get(source.file) ?? entry;
      next = [];
      for (const [path, { imports = [] }] of facts) {
        for (const candidate of imports.flatMap((one) => candidatesOf(one, path, folders))) {
          // A folder with packages of its own looks for very many; those that are there matter most.
          if (wanted.size < LIMITS.pythonFiles) wanted.add(candidate);
          if (!mirror.files.has(candidate) || paths.has(candidate)) continue;
          paths.add(candidate);
          next.push(candidate);
        }
      }
      if (paths.size > LIMITS.pythonFiles) {
        throw new BuildError(`Cannot build ${source.file}: it imports more than ${LIMITS.pythonFiles} files`);
      }
    }
    return { files: hashesOf(root, paths), wanted, entry };
  }
}

/** Throws a BuildError for what cannot be read, too. */
function configOf(file: string, { problem, noLiteral, config }: PythonFacts): CodeConfig | null {
  if (problem) {
    const place = problem.place && { file, ...problem.place };
    throw new BuildError(placed(problem.message, place), place);
  }
  if (noLiteral) {
    const place = { file, ...noLiteral };
    throw new BuildError(
      placed(
        "Cannot read config: it is read without running the code, so all of it has to be literal (text, numbers, True, False, None, lists, dicts)",
        place,
      ),
      place,
    );
  }
  if (!config) return null;
  const places: [string, Place][] = Object.entries(config.places).map(([key, place]) => [key, { file, ...place }]);
  return { value: config.value, places: Object.fromEntries(places) };
}
