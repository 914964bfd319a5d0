/** Plain Deno runs one page, as the baseline. */
import type { Page } from "./pages.ts";

interface Job {
  readonly harness: string;
  readonly page: Page;
}

addEventListener("unhandledrejection", (event) => event.preventDefault());
addEventListener("error", (event) => event.preventDefault());

(self as unknown as Worker).onmessage = async ({ data: { harness, page } }: MessageEvent<Job>) => {
  const { postMessage } = self as unknown as Worker;
  // The tests' harness would talk to a parent that is a page.
  for (const name of ["DedicatedWorkerGlobalScope", "WorkerGlobalScope"]) {
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
    delete (globalThis as Record<string, unknown>)[name];
  }
  (0, eval)(harness);
  const { runPage } = await import("./page.js");
  postMessage.call(self, await runPage(page));
};
