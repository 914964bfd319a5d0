/** Files by their path below a folder. */
export type FolderFiles = Readonly<Record<string, string | Uint8Array>>;

/** All files below a folder, to be dropped together: `folderFiles("functions/http")` is below tests/. */
export function folderFiles(folder: string): FolderFiles {
  const root = new URL(`../${folder}/`, import.meta.url).pathname;
  return Object.fromEntries(walk(root).map((path) => [path, Deno.readFileSync(root + path)]));
}

export async function writeFiles(root: string, files: FolderFiles): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = `${root}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(target, content);
    else await Deno.writeFile(target, content, isProgram(content) ? { mode: 0o755 } : {});
  }
}

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const isProgram = (content: string | Uint8Array): boolean => ELF.every((byte, at) => content[at] === byte);

const EXTENSION = /\.(ts|tsx|js|jsx|mjs|py|wasm)$/;
const NOT_A_FUNCTION = /(^|\/)[_.]|(^|\/)node_modules\/|\.d\.ts$|\.test\.\w+$/;

/** The names of the functions among files, by the rules of the functions folder. */
export function functionNames(files: FolderFiles): string[] {
  const paths = Object.keys(files);
  const programs = new Set(paths.filter((path) => isProgram(files[path])));
  const mains = paths.flatMap((path) =>
    /^(.+)\/main\.\w+$/.exec(path)?.[1] ?? (programs.has(path) ? /^(.+)\/(?:main|server)$/.exec(path)?.[1] : null) ?? []
  );
  const all = [...mains, ...runFolders(files)];
  const folders = all.filter((folder) => !all.some((outer) => folder.startsWith(`${outer}/`)));
  const ofNoFolder = paths
    .filter((path) => (EXTENSION.test(path) || programs.has(path)) && !NOT_A_FUNCTION.test(path))
    .filter((path) => !folders.some((folder) => path.startsWith(`${folder}/`)))
    .map((path) => path.replace(EXTENSION, ""));
  return [...new Set([...folders, ...ofNoFolder])];
}

/** Folders with a `run` in the mayfly.json of their root. */
function runFolders(files: FolderFiles): string[] {
  return Object.entries(files).flatMap(([path, content]) => {
    const root = /^(@[^/]+\/)?mayfly\.json$/.exec(path);
    const text = root && (typeof content === "string" ? content : new TextDecoder().decode(content));
    if (!root || !text?.includes('"run"')) return [];
    const { functions = {} }: { functions?: Record<string, object> } = JSON.parse(text);
    return Object.entries(functions).flatMap(([name, settings]) => "run" in settings ? `${root[1] ?? ""}${name}` : []);
  });
}

function walk(root: string, below = ""): string[] {
  return [...Deno.readDirSync(root + below)].flatMap((entry) =>
    entry.isDirectory ? walk(root, `${below}${entry.name}/`) : [`${below}${entry.name}`]
  );
}
