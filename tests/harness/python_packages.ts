import type { FolderFiles } from "./files.ts";

const LIST = `
import importlib.metadata, json, sys
files = {}
for name in sys.argv[1:]:
    for file in importlib.metadata.distribution(name).files:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            files[str(file)] = str(file.locate())
print(json.dumps(files))
`;

/** The files of packages that this machine's python3 has, to be put beside an app; null: it lacks one. */
export async function pythonPackages(names: readonly string[]): Promise<FolderFiles | null> {
  const python = new Deno.Command("python3", { args: ["-c", LIST, ...names], stderr: "null" });
  const { success, stdout } = await python.output().catch(() => ({ success: false, stdout: new Uint8Array() }));
  if (!success) return null;
  const files: Record<string, string> = JSON.parse(new TextDecoder().decode(stdout));
  const read = Object.entries(files).map(async ([path, at]) => [path, await Deno.readFile(at)] as const);
  return Object.fromEntries(await Promise.all(read));
}
