import { posix } from "node:path";
import { ElfError, readElf } from "../../runtimes/native/elf.ts";
import { GNU_LOADER, MUSL_LOADER } from "../../runtimes/native/image.ts";
import { INTERPRETERS } from "../../runtimes/native/interpreters.ts";
import { BuildError } from "../tiers/tier.ts";
import type { Root } from "./root.ts";
import type { Source } from "./sources.ts";

const SCRIPT = /^#![ \t]*(\S+)(?:[ \t]+(\S+))?/;
const SCRIPT_LINE_BYTES = 256;

/** Whether a native program can be started at all, as far as its files tell. Throws a BuildError that says why not. */
export async function checkNative(root: Root, { file, folder }: Source, run: readonly string[] | null): Promise<void> {
  if (run === null) return await checkElf(root, file, file);
  const [name] = run;
  if (Object.hasOwn(INTERPRETERS, name)) return;
  const path = posix.join(folder ?? "", name);
  const program = root.mirror.files.get(path);
  if (!name.includes("/") || name.startsWith("/") || !isIn(path, folder)) {
    const known = Object.keys(INTERPRETERS).join(", ");
    throw refused(
      name,
      `a run begins with ${known}, or with a file of the function's folder, as in ./${posix.basename(name)}`,
    );
  }
  if (!program) throw refused(name, root.mirror.refusal(path) ?? `there is no file ${path}`);
  if (!program.executable) throw refused(name, `it is not executable; chmod +x ${path}`);
  await checkElf(root, path, name);
}

const isIn = (path: string, folder: string | null): boolean => path.startsWith(`${folder}/`);

async function checkElf(root: Root, path: string, name: string): Promise<void> {
  const copy = root.mirror.pathOf(path);
  try {
    const { isProgram, interpreter } = await readElf(copy);
    if (!isProgram) throw refused(name, "it is a library, which has no place to begin at");
    if (interpreter !== null && interpreter !== GNU_LOADER && interpreter !== MUSL_LOADER) {
      throw refused(name, `its loader, ${interpreter}, is not in a microVM; one that is linked statically needs none`);
    }
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    throw refused(name, await scriptProblem(copy, name) ?? error.message);
  }
}

async function scriptProblem(path: string, name: string): Promise<string | null> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(SCRIPT_LINE_BYTES);
  const line = new TextDecoder().decode(bytes.subarray(0, await file.read(bytes) ?? 0));
  const script = SCRIPT.exec(line);
  if (!script) return null;
  const [, program, argument] = script;
  const meant = posix.basename(program) === "env" ? argument ?? "" : posix.basename(program);
  return Object.hasOwn(INTERPRETERS, meant)
    ? `it is a script; run: ["${meant}", "${name}"] starts it`
    : `it is a script for ${program}, which is not in a microVM: name what the script starts, as in ` +
      `run: ["python3", "app.py"]`;
}

function refused(name: string, why: string): BuildError {
  return new BuildError(`Cannot run ${name}: ${why}`);
}
