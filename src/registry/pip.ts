import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pipEnv } from "./child_env.ts";
import { normalised, type Requirement, RequirementError } from "./requirements.ts";

export interface PipOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of one file. */
  readonly fileMb: number;
}

export interface PipChild {
  /** Where it unpacks, before anything is in its place. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

const LIMITED = fileURLToPath(new URL("./limited_python.py", import.meta.url));
const SAID_AT_MOST = 500;

/** pip, as a child with few rights. It builds nothing: only wheels of the index count, so no code of packages runs. */
export class Pip {
  readonly #options: PipOptions;

  constructor(options: PipOptions) {
    this.#options = options;
  }

  /** The wheels of all that is required, and of what that requires, into a folder. Throws a RequirementError. */
  async download(
    requirements: readonly Requirement[],
    to: string,
    { cache, ...child }: PipChild & { readonly cache: string },
  ): Promise<void> {
    await Deno.mkdir(cache, { recursive: true, mode: 0o700 });
    const list = join(to, "requirements.txt");
    await Deno.writeTextFile(list, requirements.map(lineOf).join(""));
    const args = [
      ...["download", "--quiet", "--only-binary", ":all:", "--prefer-binary", "--no-input"],
      ...["--cache-dir", cache, "--dest", to, "--requirement", list],
    ];
    const { success, said } = await this.#run("pip", args, [cache, to], child);
    await Deno.remove(list);
    if (!success) throw failure(requirements, said);
  }

  /** What is in the wheels, where guests import it from; compiled, so that they need not do that at each deploy. */
  async unpack(wheels: readonly string[], to: string, child: PipChild): Promise<void> {
    await Deno.mkdir(to);
    const args = [
      ...["install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir", "--no-warn-conflicts"],
      ...["--only-binary", ":all:", "--target", to, ...wheels],
    ];
    const { success, said } = await this.#run("pip", args, [to, ...new Set(wheels.map(dirname))], child);
    if (!success) throw new RequirementError(`Cannot unpack the packages: ${lastOf(said)}`, 1);
    // Some packages have files in the syntax of other versions; these are not imported.
    await this.#run("compileall", ["-q", "--invalidation-mode", "unchecked-hash", to], [to], child);
  }

  async #run(
    module: string,
    args: readonly string[],
    writable: readonly string[],
    { scratch, signal }: PipChild,
  ): Promise<{ success: boolean; said: string }> {
    const { env, timeoutMs, fileMb } = this.#options;
    const seconds = Math.ceil(timeoutMs / 1000);
    const { success, stderr } = await new Deno.Command("python3", {
      args: ["-I", "-B", LIMITED, `${fileMb}`, `${seconds}`, JSON.stringify([scratch, ...writable]), module, ...args],
      cwd: "/",
      clearEnv: true,
      env: { ...pipEnv(env), TMPDIR: scratch },
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    }).output();
    signal.throwIfAborted();
    return { success, said: new TextDecoder().decode(stderr).slice(-20_000) };
  }
}

/** Nothing of the user's own text gets to pip. */
function lineOf({ name, extras, version, hashes }: Requirement): string {
  const wanted = extras.length > 0 ? `[${extras.join(",")}]` : "";
  return [`${name}${wanted}==${version}`, ...hashes.map((hash) => `--hash=${hash}`)].join(" ") + "\n";
}

function failure(requirements: readonly Requirement[], said: string): RequirementError {
  const first = requirements[0]?.line ?? 1;
  if (/No module named pip/.test(said)) {
    return new RequirementError(
      "Cannot install packages: python3 has no pip (on Debian and Ubuntu: apt-get install python3-pip)",
      first,
    );
  }
  const [, name, wanted] = /satisfies the requirement ([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(\S*)/.exec(said) ?? [];
  if (name === undefined) return new RequirementError(`Cannot install the packages: ${lastOf(said)}`, first);
  const own = requirements.find((one) => one.name === normalised(name));
  const versions = /\(from versions: ([^)]*)\)/.exec(said)?.[1] ?? "none";
  const known = versions === "none" ? "" : `; there are ${versions.split(", ").slice(-10).join(", ")}`;
  const by = own ? "" : ", which another package requires";
  return new RequirementError(
    `Cannot install ${name}${wanted}${by}: the index has no such package or version, or no wheel of it for this ` +
      `Python${known}`,
    own?.line ?? first,
  );
}

const lastOf = (said: string): string =>
  (said.trim().split("\n").findLast((line) => line.startsWith("ERROR:")) ?? said.trim().split("\n").at(-1) ?? "")
    .replace(/^ERROR: /, "").slice(0, SAID_AT_MOST);
