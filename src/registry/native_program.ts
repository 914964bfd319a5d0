import { filesProgram, hashesOf } from "./files_program.ts";
import type { Program, ProgramJob, ProgramMaker } from "./program.ts";

/** A native program: one file, or all files of its folder. */
export class NativePrograms implements ProgramMaker {
  make({ root, source, onWanted }: ProgramJob): Promise<Program> {
    const files = { ...root.filesOf(source), ...hashesOf(root, [source.file]) };
    onWanted(new Set(Object.keys(files)));
    return Promise.resolve({ ...filesProgram(root, source, files), config: null });
  }
}
