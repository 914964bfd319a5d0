import { posix } from "node:path";
import { ElfError, readElf } from "../../runtimes/native/elf.ts";
import type { Mirror } from "./mirror.ts";
import { isInside, isPublic, type Source } from "./sources.ts";

/** Of files that nothing else tells from data. */
const MOST_READ = 100;

/** Programs for Linux that are no functions only because their files are not executable: copying often loses that. */
export async function findNotExecutable(
  mirror: Pick<Mirror, "files" | "pathOf">,
  sources: ReadonlyMap<string, Source>,
): Promise<string[]> {
  const folders = new Set([...sources.values()].flatMap(({ folder }) => folder ?? []));
  const mayRun = [...mirror.files].filter(([path, { executable }]) =>
    !executable && posix.extname(path) === "" && isPublic(path) && !isInside(posix.dirname(path), folders)
  );
  const found: string[] = [];
  for (const [path] of mayRun.slice(0, MOST_READ)) if (await isProgram(mirror.pathOf(path))) found.push(path);
  return found;
}

/** A copy may go away while it is read. */
async function isProgram(path: string): Promise<boolean> {
  try {
    return (await readElf(path)).isProgram;
  } catch (error) {
    if (error instanceof ElfError || error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
