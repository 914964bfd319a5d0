import { basename, join } from "node:path";
import type { Recipe } from "../../src/setup/cache.ts";
import { runTool } from "../../src/setup/tool.ts";

/** A stock kernel with its KVM for AMD's processors: files of a Debian package that is not installed. */

const META_PACKAGE = "linux-image-cloud-amd64";
export const KERNEL = "vmlinuz";
export const MODULES = ["irqbypass.ko", "kvm.ko", "kvm-amd.ko"];

const env = Deno.env.toObject();

/** The package that apt would install now, or null where there is no apt that knows any. */
export async function kernelRecipe(): Promise<Recipe | null> {
  const name = /^\s*Depends: (linux-image-\S+)$/m.exec(await printed("apt-cache", ["depends", META_PACKAGE]))?.[1];
  if (name === undefined) return null;
  const version = /^Version: (\S+)$/m.exec(await printed("apt-cache", ["show", "--no-all-versions", name]))?.[1];
  return {
    name: "nested-kernel",
    key: `${name}-${version}`.replace(/[^\w.-]/g, "_"),
    async make(folder) {
      const dir = await Deno.makeTempDir();
      try {
        await runTool(["apt-get", "download", "-q", name], { env, cwd: dir, hint: "run apt-get update" });
        await unpack(dir, folder);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  };
}

async function unpack(dir: string, folder: string): Promise<void> {
  const [{ name: file }] = await Array.fromAsync(Deno.readDir(dir));
  const wanted = ["./boot/vmlinuz-*", ...MODULES.map((module) => `*/${module}*`)];
  const read = new Deno.Command("dpkg-deb", { args: ["--fsys-tarfile", file], cwd: dir, stdout: "piped" }).spawn();
  const args = ["x", "--wildcards", "--transform=s|.*/||", ...wanted];
  const write = new Deno.Command("tar", { args, cwd: dir, stdin: "piped" }).spawn();
  await read.stdout.pipeTo(write.stdin);
  if (!(await write.status).success) throw new Error(`Cannot unpack ${file}: tar failed`);
  for await (const { name } of Deno.readDir(dir)) {
    // Newer kernels have them compressed.
    if (name.endsWith(".ko.xz")) await runTool(["xz", "-d", name], { env, cwd: dir, hint: "install xz-utils" });
    const plain = name.startsWith("vmlinuz-") ? KERNEL : basename(name, ".xz");
    if (plain !== KERNEL && !MODULES.includes(plain)) continue;
    await Deno.copyFile(join(dir, plain === KERNEL ? name : plain), join(folder, plain));
  }
}

async function printed(program: string, args: string[]): Promise<string> {
  try {
    return new TextDecoder().decode((await new Deno.Command(program, { args, stderr: "null" }).output()).stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
