import { INTERPRETERS } from "../../runtimes/native/interpreters.ts";
import { PYTHON } from "../../runtimes/python/image.ts";
import type { FunctionSettings } from "../types.ts";
import { filesProgram, hashesOf } from "./files_program.ts";
import { checkNative } from "./native_check.ts";
import type { Program, ProgramJob, ProgramMaker } from "./program.ts";
import type { PythonPackages } from "./python_packages.ts";
import { installRequired, requirementsOf } from "./required.ts";
import type { Root } from "./root.ts";
import type { Source } from "./sources.ts";

type Run = FunctionSettings["run"];

/** A native program: one file, or all files of its folder, and what it requires where Python runs it. */
export class NativePrograms implements ProgramMaker {
  readonly #packages: PythonPackages;

  constructor(packages: PythonPackages) {
    this.#packages = packages;
  }

  async make({ root, source, signal, onWanted, onProgress }: ProgramJob): Promise<Program> {
    const run = runOf(root, source);
    const requirements = isPython(run) ? requirementsOf(source) : [];
    const files = { ...root.filesOf(source), ...hashesOf(root, [source.file, ...requirements]) };
    onWanted(new Set([...Object.keys(files), ...requirements]));
    const program = filesProgram(root, source, files);
    const required = isPython(run) ? await installRequired(this.#packages, { root, source, signal, onProgress }) : null;
    // A folder that mayfly.json has a `run` for has no file of its own to run.
    const { entry, ...parts } = program.parts;
    return {
      ...program,
      made: { ...program.made, ...required?.made },
      parts: source.file === source.folder ? parts : { ...parts, entry },
      config: null,
      stage: async (versionFolder) => {
        await checkNative(root, source, run);
        await program.stage(versionFolder);
        await required?.stage(versionFolder);
      },
    };
  }
}

function runOf({ manifest }: Root, { name }: Source): Run {
  return manifest.overridesFor(name).findLast(({ run }) => run !== undefined)?.run as Run | undefined ?? null;
}

function isPython(run: Run): boolean {
  return run !== null && Object.hasOwn(INTERPRETERS, run[0]) && INTERPRETERS[run[0]].path === PYTHON;
}
