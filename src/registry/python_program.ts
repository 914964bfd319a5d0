import { filesProgram, hashesOf } from "./files_program.ts";
import type { Program, ProgramJob, ProgramMaker } from "./program.ts";

/** Python: its own files and what lies in the root under names with an underscore, which any function may import. */
export class PythonPrograms implements ProgramMaker {
  make({ root, source, onWanted }: ProgramJob): Promise<Program> {
    const { file } = source;
    const shared = [...root.mirror.files.keys()].filter((path) => path.startsWith("_"));
    const files = { ...root.filesOf(source), ...hashesOf(root, [file, ...shared]) };
    onWanted(new Set(Object.keys(files)));
    return Promise.resolve({ ...filesProgram(root, source, files), config: null });
  }
}
