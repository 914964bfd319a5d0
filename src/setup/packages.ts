import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Recipe } from "./cache.ts";
import type { Pin } from "./pins.ts";
import { type Progress, told } from "./progress.ts";
import { runTool } from "./tool.ts";

const PIP = ["python3", "-m", "pip"];
const METADATA_ONLY = fileURLToPath(new URL("metadata_only", import.meta.url));

/** A pinned archive of the Python package index: fetched by pip, which checks its hash, and unpacked. */
export function packageRecipe(pin: Pin, env: Readonly<Record<string, string>>, progress: Progress): Recipe {
  return {
    name: pin.name,
    key: pin.version,
    manifestSha256: pin.manifestSha256,
    make: async (folder) => {
      // Nothing is said to be fetched where that cannot begin.
      await runTool([...PIP, "--version"], { env, hint: hintFor(pin) });
      await told(progress, `Fetching ${pin.name} ${pin.version} (${pin.megabytes} MB)`, async () => {
        const work = join(folder, "work");
        await Deno.mkdir(work);
        const archive = await download(pin, work, env);
        const unpack = ["python3", "-m", pin.kind === "wheel" ? "zipfile" : "tarfile", "-e", archive, work];
        await runTool(unpack, { env, hint: "see that Python's standard library is whole" });
        await Deno.rename(join(work, pin.keep.from), join(folder, pin.keep.to));
        await Deno.remove(work, { recursive: true });
        if (pin.executable) await Deno.chmod(join(folder, pin.executable), 0o755);
      });
    },
  };
}

async function download(pin: Pin, folder: string, env: Readonly<Record<string, string>>): Promise<string> {
  const requirement = `${pin.name}==${pin.version}`;
  const requirements = join(folder, "requirements.txt");
  await Deno.writeTextFile(requirements, `${requirement} --hash=sha256:${pin.archiveSha256}\n`);
  const archives = join(folder, "archives");
  await runTool([
    ...[...PIP, "download", "--no-input", "--no-deps", "--ignore-requires-python"],
    ...(pin.kind === "wheel" ? ["--only-binary=:all:"] : ["--no-binary=:all:", "--no-build-isolation"]),
    ...["--require-hashes", "--requirement", requirements, "--dest", archives],
  ], {
    env: { ...env, PIP_DISABLE_PIP_VERSION_CHECK: "1", PYTHONPATH: pathList(METADATA_ONLY, env.PYTHONPATH) },
    hint: hintFor(pin),
  });
  for await (const entry of Deno.readDir(archives)) return join(archives, entry.name);
  throw new Error(`Cannot find what pip downloaded for ${requirement}`);
}

const hintFor = ({ name, version }: Pin): string =>
  `see what pip says to: ${PIP.join(" ")} download --no-deps ${name}==${version}`;

function pathList(...paths: readonly (string | undefined)[]): string {
  return paths.filter(Boolean).join(":");
}
