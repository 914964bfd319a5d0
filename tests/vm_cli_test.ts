import assert from "node:assert/strict";
import { join } from "node:path";
import { TempDir } from "./fakes/temp_dir.ts";
import { mayfly } from "./harness.ts";
import { mayflyCommand } from "./harness/command.ts";
import { vmProgram } from "../src/setup/setup.ts";
import { compileProgram, WITHOUT_KVM as ignore } from "./harness/vm.ts";

/** `mayfly vm`, as people call it. */

Deno.test({
  name: "mayfly vm run runs a program as a shell would",
  ignore,
  fn: async () => {
    await using dir = await TempDir.make();
    await Deno.writeTextFile(join(dir.path, "code.py"), "import sys; print('out', *sys.argv[1:]); sys.exit(7)");
    await Deno.writeTextFile(join(dir.path, "script"), "#!/usr/bin/env python3\nprint('a script')\n", { mode: 0o755 });
    const here = { cwd: dir.path, env: { INIT_CWD: dir.path } };
    const ran = await mayfly(["vm", "run", "--", "python3", "code.py", "--an", "argument"], here);
    assert.deepEqual([ran.stdout, ran.code], ["out --an argument\n", 7], ran.stderr);
    const bare = await mayfly(["vm", "run", "--memory", "256M", "python3", "-c", "print('no --')"], here);
    assert.deepEqual([bare.stdout, bare.code], ["no --\n", 0], bare.stderr);
    const script = await mayfly(["vm", "run", "--", "./script"], here);
    assert.deepEqual([script.stdout, script.code], ["a script\n", 0], script.stderr);
  },
});

Deno.test({
  name: "a guest's errors and its output come in the order in which it wrote them",
  ignore,
  fn: async () => {
    const both = "sh -c 'echo 1 >&2; echo 2; echo 3 >&2; echo 4; echo 5 >&2'";
    await using dir = await TempDir.make();
    const program = await vmProgram({ progress: () => {} });
    const command = new Deno.Command("sh", { args: ["-c", `"$0" run -- ${both} 2>&1`, program], cwd: dir.path });
    assert.equal(new TextDecoder().decode((await command.output()).stdout), "1\n2\n3\n4\n5\n");
  },
});

Deno.test({
  name: "a script is found and shown wherever it is",
  ignore,
  fn: async () => {
    await using dir = await TempDir.make();
    await using elsewhere = await TempDir.make();
    const script = join(elsewhere.path, "script");
    await Deno.writeTextFile(script, "#!/usr/bin/env python3\nprint('a script')\n", { mode: 0o755 });
    await Deno.symlink(script, join(elsewhere.path, "link"));
    const env = { INIT_CWD: dir.path, PATH: `${elsewhere.path}:${Deno.env.get("PATH")}` };
    for (const name of [script, "script", "link"]) {
      const { stdout, stderr } = await mayfly(["vm", "run", "--", name], { cwd: dir.path, env });
      assert.equal(stdout, "a script\n", stderr);
    }
  },
});

Deno.test({
  name: "what ends the command ends its VM",
  ignore,
  fn: async () => {
    await using dir = await TempDir.make();
    const program = await compileProgram("features", { folder: dir.path });
    const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    const child = mayflyCommand(["vm", "run", "--", program, "wait"], streams).spawn();
    const reader = child.stdout.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "ready\n");
    child.kill("SIGTERM");
    // The stream ends with the last process that has it.
    assert.equal((await reader.read()).done, true);
    await child.stderr.cancel();
    assert.equal((await child.status).code, 143);
  },
});

Deno.test({
  name: "a trace names each system call, and what a guest wrote commands no terminal",
  ignore,
  fn: async () => {
    const code = `try: open("/no\\x1b[2Jfile")\nexcept OSError: pass`;
    const { stderr } = await mayfly(["vm", "run", "--trace", "--", "python3", "-c", code]);
    assert.match(stderr, /\[\d+\] openat\(AT_FDCWD, "\/no\\x1b\[2Jfile", .*\) = ENOENT\n/);
    assert.doesNotMatch(stderr.replaceAll("\n", ""), /\p{Cc}/u);
  },
});

Deno.test({
  name: "a snapshot is written for its owner alone, and the program goes on",
  ignore,
  fn: async () => {
    await using dir = await TempDir.make();
    const file = join(dir.path, "snapshot");
    const { stdout, code, stderr } = await mayfly([
      "vm",
      "run",
      "--snapshot",
      file,
      "--",
      "sh",
      "-c",
      "read a; echo end",
    ]);
    assert.deepEqual([stdout, code], ["end\n", 0], stderr);
    const { size, mode } = await Deno.stat(file);
    assert.ok(size > 4096);
    assert.equal(mode! & 0o777, 0o600);
  },
});

Deno.test({
  name: "a guest does not see a home folder that it was started in, unless it is shown",
  ignore,
  fn: async () => {
    await using dir = await TempDir.make();
    await Deno.writeTextFile(join(dir.path, "secret"), "secret\n");
    const home = join(dir.path, "home");
    await Deno.symlink(dir.path, home);
    const program = await vmProgram({ progress: () => {} });
    const cat = async (...options: string[]) => {
      const args = ["run", ...options, "--", "cat", "secret"];
      const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd: home, env: { HOME: home } })
        .output();
      return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)] as const;
    };
    const [code, stdout, stderr] = await cat();
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^Note: the working folder .*--view \..*\nNote: secret is not shown .*\n.*secret: No such file/,
    );
    assert.deepEqual(await cat("--view", "."), [0, "secret\n", ""]);
  },
});

for (
  const [what, script, expected] of [
    [
      "goes on while its full output has no reader",
      '{ "$0" run --deadline-ms 300 -- yes; echo $? >&2; } | sleep 2',
      "124",
    ],
    ["goes on when nobody will read its output", '{ trap "" PIPE; "$0" run -- yes; echo $? >&2; } | head -1', "141"],
  ] as const
) {
  Deno.test({
    name: `no program ${what}`,
    ignore,
    fn: async () => {
      const program = await vmProgram({ progress: () => {} });
      const { stderr } = await new Deno.Command("sh", { args: ["-c", script, program] }).output();
      assert.equal(new TextDecoder().decode(stderr).trim().split("\n").at(-1), expected);
    },
  });
}

Deno.test({
  name: "mayfly vm bench measures each of its ways, and says why it cannot",
  ignore,
  fn: async () => {
    const program = await vmProgram({ progress: () => {} });
    const bench = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(program, { args: ["bench", ...args] }).output();
      return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)] as const;
    };
    const [code, stdout, stderr] = await bench("--runs", "4", "--json", "--", "cat");
    assert.equal(code, 0, stderr);
    const counts = stdout.trim().split("\n").map((line) => JSON.parse(line).count).filter((count) =>
      count !== undefined
    );
    assert.deepEqual(counts, [1, 1, 4, 4, 1, 1]);
    assert.match(
      (await bench("--", "true"))[2],
      /^Error: \S+true ended with exit status 0 before it read a request\nTry: /,
    );
    assert.match((await bench("--runs", "3", "--", "cat"))[2], /^Error: --runs cannot be 3\nTry: /);
    assert.match((await bench("--trace", "--", "cat"))[2], /^Error: bench has no option --trace\nTry: /);
  },
});

Deno.test({
  name: "people are told what a microVM does not do for a program",
  ignore,
  fn: async () => {
    const forks = await mayfly(["vm", "run", "--", "sh", "-c", "ls; echo"]);
    assert.match(forks.stderr, /^Note: a microVM runs one process; it was refused another\n.*Cannot fork/);
    await using dir = await TempDir.make();
    const file = join(dir.path, "snapshot");
    const { code, stderr } = await mayfly(["vm", "run", "--snapshot", file, "--", "sh", "-c", "exit 3"]);
    assert.deepEqual([code, stderr], [3, "Note: no snapshot was taken: the program never waited for input\n"]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(dir.path)), []);
  },
});

for (
  const [what, expected, args] of [
    ["a program that is not there", 127, ["--", "no-such-program"]],
    ["a folder that is not there", 2, ["--view", "/nothing/there", "--", "true"]],
    ["too little memory", 2, ["--memory", "0", "--", "true"]],
    ["a folder instead of a program", 126, ["--", "/usr"]],
    ["what is not executable", 126, ["--", "/etc/passwd"]],
    ["a snapshot in place of another file", 125, ["--snapshot", "/etc/passwd", "--", "true"]],
  ] as const
) {
  Deno.test({
    name: `mayfly vm says what to try: ${what}`,
    ignore,
    fn: async () => {
      const { code, stderr, stdout } = await mayfly(["vm", "run", ...args]);
      assert.equal(code, expected, stderr);
      assert.match(stderr, /^Error: .+\nTry: .+\n$/);
      assert.equal(stdout, "");
    },
  });
}

Deno.test({
  name: "the doctor tries the engine on this KVM",
  ignore,
  fn: async () => {
    const checks = (await mayfly(["doctor", "--json"])).json<{ name: string; state: string; detail: string }[]>();
    const engine = checks.find(({ name }) => name === "MicroVM engine");
    assert.equal(engine?.state, "ok", engine?.detail);
    assert.match(engine.detail, /hardware|software/);
  },
});

Deno.test({
  name: "mayfly vm bench measures the example of the page on the command line",
  ignore,
  fn: async () => {
    await using dir = await TempDir.make();
    const page = await Deno.readTextFile(new URL("../docs/command-line.md", import.meta.url));
    const [, code] = /cat > echo\.py <<'EOF'\n(.*?) {4}EOF/s.exec(page)!;
    await Deno.writeTextFile(join(dir.path, "echo.py"), code.replace(/^ {4}/gm, ""));
    const args = ["vm", "bench", "--request", "hello", "--runs", "8", "--json", "python3", "echo.py"];
    const { code: status, stdout, stderr } = await mayfly(args, { cwd: dir.path, env: { INIT_CWD: dir.path } });
    assert.equal(status, 0, stderr);
    const figures = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(figures.some(({ name, count }) => name === "reset and request" && count === 8));
  },
});
