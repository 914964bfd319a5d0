import { filesProgram } from "./files_program.ts";
import { keepOwnFiles } from "./keep_own_files.ts";
import { FileChanged, mirroredBytes } from "./mirrored_bytes.ts";
import type { Program, ProgramJob, ProgramMaker } from "./program.ts";

/** A WASI module is its own bundle: nothing is imported, nothing is configured in it. */
export class WasiPrograms implements ProgramMaker {
  async make({ root, source, onWanted }: ProgramJob): Promise<Program> {
    const { file } = source;
    onWanted(new Set([file]));
    const hash = root.mirror.files.get(file)?.hash;
    if (hash === undefined) throw new FileChanged(file);
    const bundle = await mirroredBytes(root.mirror, file, hash);
    return {
      ...filesProgram(root, source, { ...root.filesOf(source), [file]: hash }),
      config: null,
      parts: { file, bundle },
      stage: (folder) => keepOwnFiles(root, source, folder),
    };
  }
}
