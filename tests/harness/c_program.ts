import { Cache } from "../../src/setup/cache.ts";
import { cacheDirOf, openCacheDir } from "../../src/setup/cache_dir.ts";
import { zigCompiler } from "../../src/setup/compiler.ts";
import { packageRecipe } from "../../src/setup/packages.ts";
import { ZIG } from "../../src/setup/pins.ts";

/** A C file below tests/ as a WASI command. */
export async function wasiProgram(file: string, flags: readonly string[] = []): Promise<Uint8Array<ArrayBuffer>> {
  const env = Deno.env.toObject();
  const source = new URL(`../${file}`, import.meta.url).pathname;
  const cache = new Cache(cacheDirOf(env), console.log);
  await openCacheDir(cache.dir);
  const zig = await cache.folder(packageRecipe(ZIG, env, console.log));
  const dir = await Deno.makeTempDir();
  try {
    const compiler = zigCompiler(zig, dir, env);
    const [program, ...args] = compiler.command;
    const out = `${dir}/program.wasm`;
    const { success, stderr } = await new Deno.Command(program, {
      args: [...args, "-target", "wasm32-wasi", "-O2", ...flags, source, "-o", out],
      env: compiler.env,
    }).output();
    if (!success) throw new Error(`Cannot compile ${file}: ${new TextDecoder().decode(stderr)}`);
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
