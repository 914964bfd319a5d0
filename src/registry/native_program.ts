import { filesProgram, hashesOf } from "./files_program.ts";
import { checkNative } from "./native_check.ts";
import type { Program, ProgramJob, ProgramMaker } from "./program.ts";

/** A native program: one file, or all files of its folder. */
export class NativePrograms implements ProgramMaker {
  make({ root, source, onWanted }: ProgramJob): Promise<Program> {
    const files = { ...root.filesOf(source), ...hashesOf(root, [source.file]) };
    onWanted(new Set(Object.keys(files)));
    const program = filesProgram(root, source, files);
    // A folder that mayfly.json has a `run` for has no file of its own to run.
    const { entry, ...rest } = program.parts;
    return Promise.resolve({
      ...program,
      parts: source.file === source.folder ? rest : { ...rest, entry },
      config: null,
      stage: async (versionFolder) => {
        await checkNative(root, source, root.settingsFor(source, undefined, undefined).run);
        await program.stage(versionFolder);
      },
    });
  }
}
