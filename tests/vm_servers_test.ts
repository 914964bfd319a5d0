import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MicrovmBench } from "../bench/microvm/program.ts";
import { runTool } from "../src/setup/tool.ts";
import { has, WITHOUT_KVM } from "./harness/vm.ts";

/**
 * Servers in the engine, unmodified: booted until they listen, stored, cloned, asked and reset. Each answer has to be the
 * right one, alone and with others at the same time; the program of the bench sees to that.
 */

const ROUNDS = 30;
const SERVERS = fileURLToPath(new URL("vm_programs/servers", import.meta.url));
const PACKAGES = ["flask==3.1.*", "fastapi>=0.115,<1", "uvicorn==0.*"];

interface Server {
  /** Left out where this is not there. */
  readonly probe: readonly string[];
  readonly command: readonly string[];
  readonly options?: readonly string[];
  readonly path: string;
  readonly answer: string;
}

const env = Deno.env.toObject();
const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

if (WITHOUT_KVM) Deno.test({ name: "servers in microVMs: there is no KVM", ignore: true, fn: () => {} });
else await register();

async function register(): Promise<void> {
  const bench = await MicrovmBench.build();
  globalThis.addEventListener("unload", () => Deno.removeSync(bench.folder, { recursive: true }));
  for (const [name, server] of Object.entries(await serversHere())) {
    const isThere = env.CI === "true" || await has(server.probe);
    const left = isThere ? "" : " (left out: it is not there)";
    Deno.test({
      name: `a server's clones answer rightly, alone and at once: ${name}${left}`,
      ignore: !isThere,
      fn: () => serve(bench, server),
    });
  }
}

async function serve(bench: MicrovmBench, { command, options = [], path, answer }: Server): Promise<void> {
  const figures = await bench.run(
    ["serve", "--memory", "512", ...options, "--view", SERVERS, "--", ...command],
    ROUNDS,
    { ...env, REQUEST: path, EXPECT: answer },
  );
  assert.equal(figures.get("an answer")?.count, ROUNDS);
  assert.equal(figures.get("four answers at once")?.count, ROUNDS / 10 + 1);
  assert.equal(figures.get("a clone and its answer")?.count, ROUNDS / 10 + 1);
}

async function serversHere(): Promise<Record<string, Server>> {
  const python = await output(["python3", "-c", "import sys; print(sys.executable)"]);
  const packages = join(folder, "packages");
  const inPython = (file: string, module: string) => ({
    probe: ["env", `PYTHONPATH=${packages}`, python, "-c", `import ${module}`],
    command: [python, "-B", join(SERVERS, file)],
    options: ["--env", `PYTHONPATH=${packages}`, "--view", packages],
  });
  await Deno.mkdir(packages);
  const pip = ["python3", "-m", "pip", "install", "--quiet", "--only-binary=:all:", "--target", packages];
  await output([...pip, ...PACKAGES]).catch((error) => console.log(`Flask and FastAPI are left out: ${error.message}`));
  const threading = inPython("http_server.py", "http.server");
  const fastapi = inPython("fastapi_server.py", "fastapi, uvicorn");
  return {
    "a thread for each connection": { ...threading, path: "/", answer: "plain" },
    "urllib by way of a proxy": { ...threading, path: "/a?b=c", answer: "GET http://elsewhere.example/a?b=c HTTP/1.1" },
    Flask: { ...inPython("flask_server.py", "flask"), path: "/bob?n=7", answer: "hello bob 7" },
    "FastAPI with uvicorn": { ...fastapi, path: "/bob?n=7", answer: '{"hello":"bob","n":8}' },
    "FastAPI with its threads": { ...fastapi, path: "/threads/bob", answer: '{"hello":"bob"}' },
    "Node's http": {
      probe: ["node", "--version"],
      command: [await output(["which", "node"]).catch(() => "node"), join(SERVERS, "server.js")],
      path: "/bob?n=7",
      answer: '{"path":"/bob","n":"7"}',
    },
    "Go's net/http": {
      probe: ["test", "-x", await goServer()],
      command: [await goServer()],
      options: ["--view", folder],
      path: "/bob",
      answer: "[/bob0 /bob1 /bob2 /bob3]",
    },
  };
}

async function goServer(): Promise<string> {
  const program = join(folder, "go-server");
  const isMade = await Deno.stat(program).then(() => true, () => false);
  if (isMade || !await has(["go", "version"])) return program;
  const build = ["go", "build", "-o", program, join(SERVERS, "server.go")];
  await runTool(build, { env: { ...env, CGO_ENABLED: "0" }, hint: "" });
  return program;
}

async function output(command: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command[0], { args: command.slice(1) }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  return new TextDecoder().decode(stdout).trim();
}
