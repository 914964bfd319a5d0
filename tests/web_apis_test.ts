/**
 * docs/web-apis.md says what is there. `MAYFLY_DOCS=update deno test -A tests/web_apis_test.ts` writes it anew.
 */
import assert from "node:assert/strict";
import { deploy } from "../runtimes/js/test/host.ts";
import { LACKED } from "../src/registry/wasm_lacks.ts";
import { type Inventory, pageOf } from "./web_apis/page.ts";

const PAGE = new URL("../docs/web-apis.md", import.meta.url);
const SCRIPT = new URL("web_apis/inventory.js", import.meta.url);

async function ofEngine(): Promise<Inventory> {
  const func = await deploy(`${await Deno.readTextFile(SCRIPT)}
    export default () => Response.json(inventory());`);
  return JSON.parse(func.call().text);
}

/** In a process of its own: this one has the test runner's additions. */
async function ofDeno(): Promise<Inventory> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `import { inventory } from "${SCRIPT}"; console.log(JSON.stringify(inventory()));`],
    env: { NO_COLOR: "1" },
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function formatted(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=md", "--line-width=120", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

const written = await Deno.readTextFile(PAGE).catch(() => "");
const version = /beside Deno (\S+)'s/.exec(written)?.[1];
const isUpdate = Deno.env.get("MAYFLY_DOCS") === "update";
const isOtherDeno = !isUpdate && version !== undefined && version !== Deno.version.deno;
if (isOtherDeno) console.log(`Skipping: the page compares with Deno ${version}, this is ${Deno.version.deno}`);

Deno.test({ name: "the page of web APIs lists what the engine has", ignore: isOtherDeno }, async () => {
  const page = await formatted(pageOf(await ofEngine(), await ofDeno(), Deno.version.deno));
  if (isUpdate) await Deno.writeTextFile(PAGE, page);
  else assert.equal(written, page, "MAYFLY_DOCS=update writes it anew");
});

/** Of a browser's window, of what is reached through something else that is missing, or too small to refuse a deploy. */
const UNTOLD = [
  /^GPU/,
  /^(Window|location|Location|name|close|closed|on\w+|CloseEvent|ImageBitmapRenderingContext|Lock|NavigatorUAData)$/,
  /^QuotaExceededError$/,
  /^Deno\.(ChildProcess|FsFile|HttpClient|PermissionStatus|Permissions|Process|SeekMode|uid|gid|exitCode)$/,
  /^Deno\.(internal|jupyter|lint|telemetry)$/,
];

Deno.test({ name: "what is missing of Deno is told by name when a function is deployed", ignore: isOtherDeno }, () => {
  const missing = written.split("## What Deno has and a function here does not")[1];
  const names = [...missing.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  for (const owner of ["Deno", "Intl"]) {
    const [, members] = new RegExp(`^- \`${owner}\`:[^;]*;\\s+\\*\\*not\\s+here:\\*\\*([^;]*?)\\n- `, "m").exec(
      written,
    )!;
    for (const [, member] of members.matchAll(/`([^`]+)`/g)) names.push(`${owner}.${member}`);
  }
  assert.ok(names.includes("Intl.PluralRules") && names.includes("Temporal") && names.includes("Deno.open"));
  const untold = names.filter((name) => !LACKED.has(name) && !UNTOLD.some((pattern) => pattern.test(name)));
  assert.deepEqual(untold, []);
});

Deno.test("the whole Minimum Common API is there, but for WebAssembly", () => {
  const [minimum] = written.split("## What else", 1);
  const missing = [...minimum.matchAll(/^- `(\w+)`: \*\*not here\*\*$/gm)].map(([, name]) => name);
  assert.deepEqual(isUpdate ? ["WebAssembly"] : missing, ["WebAssembly"]);
});
