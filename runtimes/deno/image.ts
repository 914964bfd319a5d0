import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageSource } from "../../ffi/native_image.ts";
import { guestEnvironment } from "../guest_environment.ts";
import { readElf } from "../native/elf.ts";
import { image as native } from "../native/image.ts";
import { keyOfFiles } from "../native/key.ts";
import { Libraries } from "../native/libraries.ts";
import type { FunctionRuntime, RuntimeImage } from "../runtime.ts";

/** Where guests find it, wherever it is here. */
export const DENO = "/usr/bin/deno";

const REPO = fileURLToPath(new URL("../../", import.meta.url));
/** Under one folder, as they are in the repository: they import one another. */
const RUNTIME = "/runtime";
const LIBRARY = "runtimes/deno/lib";
const SHARED = "runtimes/shared";
const BESIDE = ["ffi/layout.ts"];

/**
 * A young generation that is there from the beginning, for one that grows maps memory in each clone anew: a request that
 * takes 1 ms took 4. All that was ever in it is a function's own, to be copied into its clones. On its one processor a guest collects garbage by itself, where waking threads for it leaves the VM.
 */
const V8_FLAGS = ["--min-semi-space-size=4", "--max-semi-space-size=4", "--single-threaded-gc"];

/** The very Deno that the server runs in, and what it serves functions with. */
const image: RuntimeImage = {
  name: "deno",
  key: async (env) => await keyOfFiles(await image.imageFiles(env)),
  async imageFiles(env) {
    const deno = await Deno.realPath(Deno.execPath());
    const libraries = new Libraries();
    await libraries.addNeeded(await readElf(deno));
    // Accounts, hosts and certificates, for programs of packages and for what users open themselves.
    const etc = (await native.imageFiles(env)).filter(({ path }) => path.startsWith("/etc/"));
    return [{ host: deno, path: DENO }, ...libraries.files, ...etc, ...await library()];
  },
};

async function library(): Promise<ImageSource[]> {
  const names = [...await namesIn(LIBRARY), ...await namesIn(SHARED), ...BESIDE];
  return names.map((name) => ({ host: join(REPO, name), path: join(RUNTIME, name) }));
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(join(REPO, folder)))).map(({ name }) => join(folder, name)).sort();
}

export const runtime: FunctionRuntime = {
  image,
  program: {
    arguments: [
      ...[DENO, "run", "-A", "--no-remote", "--no-npm", "--no-config", "--no-lock", "--no-check", "--quiet"],
      // A VM has one core, and lives for a request: threads that tidy up in the background take it away from the request.
      "--v8-flags=--single-threaded",
      `--v8-flags=${V8_FLAGS.join(",")}`,
      join(RUNTIME, LIBRARY, "boot.ts"),
    ],
    // A cache that can be made nowhere is not asked for again and again.
    environment: guestEnvironment({ DENO_DIR: "/nowhere", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" }),
    folder: "/tmp",
  },
  memoryBytes: 512 << 20,
};
