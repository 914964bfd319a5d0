import assert from "node:assert/strict";
import { WITHOUT_KVM } from "./harness/vm.ts";
import { folderFiles, Server } from "./harness.ts";
import { results } from "./workloads/tasks.ts";

const FOLDER = new URL("./workloads", import.meta.url).pathname;
const PYTHON = ["page", "image", "matrices", "ciphers", "graphs", "tables", "standard"];

/** What the same files answer on the host, with the same packages. */
async function reference(): Promise<Map<string, unknown>> {
  const packages = await Deno.makeTempDir();
  try {
    const pip = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--target", packages];
    await run([...pip, "-r", `${FOLDER}/requirements.txt`]);
    const lines = await run([`${FOLDER}/reference.py`, ...PYTHON], {
      PYTHONPATH: packages,
      PYTHONDONTWRITEBYTECODE: "1",
    });
    return new Map(lines.trim().split("\n").map((line) => JSON.parse(line)).map(({ name, body }) => [name, body]));
  } finally {
    await Deno.remove(packages, { recursive: true });
  }
}

async function run(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("python3", { args, env }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("workloads of function benchmarks answer in microVMs what they answer on the host", {
  ignore: WITHOUT_KVM,
}, async (test) => {
  const files = Object.entries(folderFiles("workloads")).filter(([name]) => name !== "reference.py");
  await using server = await Server.start({
    files: Object.fromEntries(files.map(([name, text]) => [`@acme/${name}`, text])),
  });
  for (const [name, expected] of await reference()) {
    await test.step(name, async () => {
      for (let times = 0; times < 3; times++) {
        const { status, text } = await server.call(`/@acme/${name}`);
        assert.equal(status, 200, `${text}\n${server.console.slice(-3000)}`);
        assert.deepEqual(typeof expected === "string" ? text : JSON.parse(text), expected);
      }
    });
  }
  await test.step("tasks", async () => {
    const { status, text } = await server.call("/@acme/tasks");
    assert.equal(status, 200, `${text}\n${server.console.slice(-3000)}`);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(await results())));
  });
});
