/** Runs pages in the engine: the harness is in the snapshot, each page has a clone of its own. */
import { deploy, type Func } from "../../runtimes/js/test/host.ts";
import { systemClock } from "../../src/clock.ts";
import { CryptoHost } from "../../src/host/crypto/crypto_host.ts";
import { hostOf } from "../../src/host/host.ts";
import { Family } from "../../src/host/operations.ts";
import { HOME } from "../../src/types.ts";
import type { Page } from "./pages.ts";

interface Job {
  readonly harness: string;
  readonly page: Page;
}

const LONGEST_MS = 120_000;
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

/** Crypto as the server has it; nothing is fetched. */
const crypto = new CryptoHost({ clock: systemClock, cores: navigator.hardwareConcurrency });
const host = hostOf({ [Family.CRYPTO]: crypto.open });

async function run({ harness, page }: Job): Promise<unknown> {
  const exchange = (await (func ??= deployPage(harness))).begin({ body: JSON.stringify(page) });
  const session = host({
    function: { tenant: HOME, name: page.path },
    net: "none",
    requestId: page.path,
    deadlineMs: systemClock.monotonic() + LONGEST_MS,
    charge: () => {},
  });
  try {
    const { exit, text } = await exchange.runWith((operation, bytes) => session.call(operation, bytes));
    return exit?.code === 0 ? JSON.parse(text) : { "(the file itself)": `fail: ${exit?.text ?? "it waits"}` };
  } finally {
    session.close();
  }
}

(self as unknown as Worker).onmessage = async ({ data }: MessageEvent<Job>) => {
  const results = await run(data).catch((error) => ({ "(the file itself)": `fail: ${error}` }));
  (self as unknown as Worker).postMessage(results);
};
