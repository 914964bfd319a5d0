import { join } from "node:path";
import { type Bench, type Figure, rounded } from "./figure.ts";
import { onKvm } from "./kvm.ts";
import { MicrovmBench } from "./microvm/program.ts";
import { median, percentile } from "./statistics.ts";

const MEMORY_MB = 64;
const LARGE_MB = [64, 512, 2048, 8192];
const PAIRS = 9;
const LOOP = "import time\nb=time.perf_counter()\nx=0\nfor i in range(3000000): x+=i*i%7\nprint(time.perf_counter()-b)";
/** Without an exit per growth of the heap. */
const PYTHON_ENV = ["--env", "MALLOC_TOP_PAD_=1048576"];
const DENO_ENV = ["NO_COLOR=1", "DENO_NO_UPDATE_CHECK=1", "DENO_DIR=/tmp/none", "DENO_V8_FLAGS=--single-threaded"]
  .flatMap((variable) => ["--env", variable]);

/** The interpreter itself: what is called python3 may be a script that chooses one. */
async function python(): Promise<string> {
  const { stdout } = await new Deno.Command("python3", {
    args: ["-c", "import os, sys; print(os.path.realpath(sys.executable))"],
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function numbers(command: string, args: readonly string[]): Promise<number[]> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (code !== 0) throw new Error(`Cannot run ${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim().split("\n").map(Number);
}

/** A figure that has to stay below a limit. */
function below(name: string, limit: number, unit: string, value: number, beside = "", p99?: number): Figure {
  const tail = p99 === undefined ? "" : ` (p99 ${rounded(p99)})`;
  return {
    name: `VM: ${name}`,
    reach: `<= ${limit} ${unit}`,
    measured: `${rounded(value)} ${unit}${tail}`,
    beside,
    reached: value <= limit,
  };
}

/** The microVM engine alone: clones and resets of Python and Deno, beside what the host does without a VM. */
export const microvm: Bench = onKvm("microvm", async ({ samples, firstStart: isFull }) => {
  await using bench = await MicrovmBench.build();
  const interpreter = await python();
  const script = (name: string) => ["-S", "-E", "-B", MicrovmBench.file(name)];
  const inPython = (name: string, memory = MEMORY_MB) => [
    ...["--memory", String(memory), ...PYTHON_ENV, "--view", MicrovmBench.file(""), "--"],
    ...[interpreter, ...script(name)],
  ];
  const few = isFull ? 5 * samples : 10;
  const figures: Figure[] = [];

  const exits = (await bench.run(["exits", "--", join(bench.folder, "calls")], isFull ? 30 : 2)).get("a system call")!;
  const fork = await numbers(interpreter, [...script("fork.py"), String(few)]);
  const cold: number[] = [];
  for (let i = 0; i < (isFull ? 20 : 2); i++) {
    const begun = performance.now();
    await numbers(interpreter, ["-S", "-E", "-B", "-c", "print(1)"]);
    cold.push((performance.now() - begun) * 1000);
  }
  const beside =
    `fork() of a warm CPython ${rounded(median(fork))} us (p99 ${rounded(percentile(fork, 0.99))}); cold ` +
    `${rounded(median(cold))} us; a VM exit ${rounded(exits.median)} us`;

  const resets = await bench.run(["reset", ...inPython("echo.py")], 50 * samples);
  const reset = resets.get("reset and request")!;
  figures.push(below("Python JSON echo, reset for every request", 60, "us", reset.median, beside, reset.p99));
  figures.push({
    name: "VM: the same, times faster than fork()",
    reach: ">= 16",
    measured: rounded(median(fork) / reset.median),
    beside: "",
    reached: median(fork) / reset.median >= 16,
  });
  figures.push(below("CPython boots to its snapshot", 50, "ms", resets.get("boot to snapshot")!.median / 1000));

  const inDeno = ["--memory", "512", ...DENO_ENV, "--view", MicrovmBench.file(""), "--", Deno.execPath()];
  const deno = await bench.run(
    ["reset", ...inDeno, "run", "--no-remote", "--no-lock", "--no-config", "--no-check", MicrovmBench.file("echo.js")],
    50 * samples,
  );
  const denoReset = deno.get("reset and request")!;
  figures.push(below("Deno JSON echo, reset for every request", 75, "us", denoReset.median, "", denoReset.p99));
  figures.push(below("Deno boots to its snapshot", 150, "ms", deno.get("boot to snapshot")!.median / 1000));

  const switches = await bench.run(["switch", ...inPython("loader.py")], few);
  const first = switches.get("switch to a function that it never served")!;
  figures.push(below("a warm VM becomes another function", 250, "us", first.median, "", first.p99));
  const difference = switches.get("difference of a function, KB")!.median / 1024;
  figures.push(below("disk of a function beyond its runtime's", 2, "MB", difference));

  const clones = await bench.run(["clone", ...inPython("echo.py")], few);
  const pooled = clones.get("clone with a pooled shell")!, fresh = clones.get("clone from nothing")!;
  figures.push(below("new clone to response, pooled shell", 1.2, "ms", pooled.median / 1000, "", pooled.p99 / 1000));
  figures.push(below("new clone to response, from nothing", 2.2, "ms", fresh.median / 1000, "", fresh.p99 / 1000));

  const sizes = isFull ? LARGE_MB : LARGE_MB.slice(0, 1);
  const large: number[] = [];
  for (const size of sizes) {
    const args = [
      ...["clone", "--memory", String(size + MEMORY_MB), "--env", `LARGE=${size}`, "--view", MicrovmBench.file("")],
      ...["--", interpreter, ...script("large.py")],
    ];
    large.push((await bench.run(args, isFull ? 30 : 3)).get("clone with a pooled shell")!.median);
  }
  const shown = sizes.map((size, at) => `${size} MB ${rounded(large[at] / 1000)} ms`).join(", ");
  figures.push(below("clone of the largest guest, of the smallest", 1.5, "times", large.at(-1)! / large[0], shown));

  const image = join(bench.folder, "image"), snapshot = join(bench.folder, "snapshot");
  await bench.run(["pack", image, ...await partsOf(interpreter), MicrovmBench.file("")], 1);
  await bench.run(["file", image, snapshot, interpreter, ...script("echo.py")], 1);
  const loaded = (await bench.run(["load", image, snapshot], isFull ? 40 : 3)).get("snapshot file to first answer")!;
  figures.push(below("snapshot file to first response", 6, "ms", loaded.median / 1000, "", loaded.p99 / 1000));

  if (!isFull) return figures;
  const paused = (await bench.run(["paused", ...inPython("echo.py")], 1)).get("a paused clone, KB")!;
  figures.push(below("memory of a paused clone, of 1,000", 250, "KB", paused.median));
  const many = (await bench.run(["many", ...inPython("echo.py")], 1)).get("1,000 clones have answered, ms")!;
  figures.push(below("1,000 clones at once have answered", 1.5, "s", many.median / 1000));
  figures.push(await loop(bench, interpreter));
  const soak = await bench.run(["soak", ...inPython("echo.py")], 1_000_000);
  const grown = Math.abs(soak.get("memory grown, KB")!.median) / soak.get("memory of the process, KB")!.median * 100;
  const things = soak.get("descriptors grown")!.median + soak.get("threads grown")!.median;
  figures.push(below("1,000,000 resets: RSS", 2, "%", grown, `descriptors and threads ${things} more`));
  return figures;
});

async function output(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args: [...args] }).output();
  return new TextDecoder().decode(stdout);
}

/** What an interpreter needs to run a script: itself, its shared libraries, its library without tests. */
async function partsOf(interpreter: string): Promise<string[]> {
  const library = (await output(interpreter, ["-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"])).trim();
  const modules = (await Array.fromAsync(Deno.readDir(library))).map(({ name }) => name)
    .filter((name) => !["test", "site-packages", "dist-packages", "__pycache__"].includes(name));
  const linked = [...(await output("ldd", [interpreter])).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path);
  const real = await Promise.all(linked.map((path) => Deno.realPath(path)));
  // /lib is a link to /usr/lib where there is one: here it is a folder.
  const besides = real.filter((path) => path.startsWith("/usr/")).map((path) => path.slice("/usr".length));
  return [...new Set([interpreter, ...linked, ...real, ...besides, ...modules.map((name) => join(library, name))])];
}

/** A pure loop in the VM and on the host, in turns. */
async function loop(bench: MicrovmBench, interpreter: string): Promise<Figure> {
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const [host] = await numbers(interpreter, ["-S", "-E", "-c", LOOP]);
    const guest = await bench.seconds(["--memory", "64", "--", interpreter, "-S", "-E", "-c", LOOP]);
    ratios.push(guest / host);
  }
  return below("CPU-bound Python, of the host's time", 1.05, "times", median(ratios), `median of ${PAIRS} pairs`);
}
