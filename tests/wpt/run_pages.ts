import type { Page } from "./pages.ts";

/** How each subtest ended. */
export type Results = Readonly<Record<string, string>>;

const LONGEST_MS = 120_000;

export interface Runner {
  /** The module of a worker that takes a harness and a page, and answers with Results. */
  readonly worker: URL;
  /** Whether a worker takes one page after the other. */
  readonly reused: boolean;
}

export const DENO: Runner = { worker: new URL("deno_worker.ts", import.meta.url), reused: false };
export const MAYFLY: Runner = { worker: new URL("mayfly_worker.ts", import.meta.url), reused: true };

/** Runs all pages, `width` at a time. */
export async function runPages(
  { worker: module, reused }: Runner,
  pages: readonly Page[],
  harness: string,
  width: number,
): Promise<Map<string, Results>> {
  const results = new Map<string, Results>();
  const queue = [...pages];
  const line = async () => {
    let worker: Worker | null = null;
    for (let page = queue.shift(); page; page = queue.shift()) {
      worker ??= new Worker(module, { type: "module" });
      const found = await runPage(worker, page, harness);
      results.set(page.path, found ?? { "(the file itself)": "fail: it did not end" });
      if (found === null || !reused) {
        worker.terminate();
        worker = null;
      }
    }
    worker?.terminate();
  };
  await Promise.all(Array.from({ length: width }, line));
  return results;
}

/** null: it did not end. */
function runPage(worker: Worker, page: Page, harness: string): Promise<Results | null> {
  const { promise, resolve } = Promise.withResolvers<Results | null>();
  const timer = setTimeout(() => resolve(null), LONGEST_MS);
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    resolve({ "(the file itself)": `fail: ${event.message}` });
  };
  worker.postMessage({ harness, page });
  return promise.finally(() => clearTimeout(timer));
}
