/** Runs pages in the engine: the harness is in the snapshot, each page has a clone of its own. */
import { deploy, type Func } from "../../runtimes/js/test/host.ts";
import type { Page } from "./pages.ts";

interface Job {
  readonly harness: string;
  readonly page: Page;
}

const MiB = 1024 * 1024;
let func: Promise<Func> | undefined;

async function deployPage(harness: string): Promise<Func> {
  const page = await Deno.readTextFile(new URL("page.js", import.meta.url));
  return await deploy(
    `${page}
    (0, eval)(${JSON.stringify(harness)});
    addEventListener("unhandledrejection", (event) => event.preventDefault());
    addEventListener("error", (event) => event.preventDefault());
    export default async (req) => Response.json(await runPage(await req.json()));`,
    { memoryBytes: 256 * MiB },
  );
}

async function run({ harness, page }: Job): Promise<unknown> {
  const { exit, text } = (await (func ??= deployPage(harness))).call({ body: JSON.stringify(page) });
  return exit?.code === 0 ? JSON.parse(text) : { "(the file itself)": `fail: ${exit?.text ?? "it waits"}` };
}

(self as unknown as Worker).onmessage = async ({ data }: MessageEvent<Job>) => {
  const results = await run(data).catch((error) => ({ "(the file itself)": `fail: ${error}` }));
  (self as unknown as Worker).postMessage(results);
};
