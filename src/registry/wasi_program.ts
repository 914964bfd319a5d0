import { BuildError } from "../tiers/tier.ts";
import { sha256 } from "./content_hash.ts";
import { filesProgram } from "./files_program.ts";
import { keepOwnFiles } from "./keep_own_files.ts";
import type { Program, ProgramJob, ProgramMaker } from "./program.ts";

/** A WASI module is its own bundle: nothing is imported, nothing is configured in it. */
export class WasiPrograms implements ProgramMaker {
  async make({ root, source, onWanted }: ProgramJob): Promise<Program> {
    const { file } = source;
    onWanted(new Set([file]));
    const bundle = await Deno.readFile(root.mirror.pathOf(file));
    const hash = await sha256(bundle);
    if (hash !== root.mirror.files.get(file)?.hash) throw new BuildError(`Cannot build ${file}: it changed meanwhile`);
    return {
      ...filesProgram(root, source, { ...root.filesOf(source), [file]: hash }),
      config: null,
      parts: { file, bundle },
      stage: (folder) => keepOwnFiles(root, source, folder),
    };
  }
}
