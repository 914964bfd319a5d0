import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageSource } from "../../ffi/native_image.ts";
import type { RuntimeImage } from "../runtime.ts";
import { type Elf, ElfError, readElf } from "./elf.ts";
import { keyOfFiles } from "./key.ts";
import { isFile, Libraries } from "./libraries.ts";

/** Where guests find it, wherever it is here. */
export const NODE = "/usr/bin/node";

/** What gives each clone randomness of its own. */
export const FRESH = "/runtime/fresh/node.cjs";
const FRESH_HERE = fileURLToPath(new URL("./fresh/node.cjs", import.meta.url));

/** Node, as it is installed on this machine, for `run: ["node", ...]`. */
export const image: RuntimeImage = {
  name: "node",
  key: async (env) => await keyOfFiles(await image.imageFiles(env)),
  imageFiles: nodeImageFiles,
};

async function nodeImageFiles(env: Readonly<Record<string, string>>): Promise<readonly ImageSource[]> {
  const { host, elf } = await findNode(env.PATH ?? "");
  const libraries = new Libraries();
  await libraries.addNeeded(elf);
  return [{ host, path: NODE }, { host: FRESH_HERE, path: FRESH }, ...libraries.files];
}

/** Version managers put scripts of its name before it, which find out where it is when they are run. */
async function findNode(path: string): Promise<{ host: string; elf: Elf }> {
  for (const folder of path.split(":")) {
    const candidate = join(folder, "node");
    if (!folder.startsWith("/") || !await isFile(candidate)) continue;
    const host = await Deno.realPath(candidate);
    try {
      return { host, elf: await readElf(host) };
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
  }
  throw new Error("Cannot find node: no folder of the server's PATH has the program itself");
}
