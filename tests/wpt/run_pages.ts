import type { Page } from "./pages.ts";

/** How each subtest ended. */
export type Results = Readonly<Record<string, string>>;

/** By the path of a page; null: it did not finish in time, which says nothing about it. */
export type Outcomes = Map<string, Results | null>;

/** Twenty times what the longest page takes on a quiet machine. */
const PAGE_MS = 60_000;

export interface Runner {
  /** The module of a worker that takes a harness and a page, and answers with Results. */
  readonly worker: URL;
  /** Whether a worker takes one page after the other. */
  readonly reused: boolean;
}

export const DENO: Runner = { worker: new URL("deno_worker.ts", import.meta.url), reused: false };
export const MAYFLY: Runner = { worker: new URL("mayfly_worker.ts", import.meta.url), reused: true };

export interface Limits {
  /** So many pages at a time. */
  readonly width: number;
  /** When to stop, on the clock of `performance.now()`. */
  readonly untilMs: number;
}

/** Runs all pages; what did not finish beside others, once more alone. */
export async function runPages(
  runner: Runner,
  pages: readonly Page[],
  harness: string,
  limits: Limits,
): Promise<Outcomes> {
  const outcomes = await runOnce(runner, pages, harness, limits);
  const late = pages.filter(({ path }) => outcomes.get(path) === null);
  for (const [path, results] of await runOnce(runner, late, harness, { ...limits, width: 1 })) {
    outcomes.set(path, results);
  }
  return outcomes;
}

async function runOnce(
  { worker: module, reused }: Runner,
  pages: readonly Page[],
  harness: string,
  { width, untilMs }: Limits,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const queue = [...pages];
  const line = async () => {
    let worker: Worker | null = null;
    for (let page = queue.shift(); page; page = queue.shift()) {
      const limitMs = Math.min(PAGE_MS, untilMs - performance.now());
      const results: Results | null = limitMs > 0
        ? await runPage(worker ??= new Worker(module, { type: "module" }), page, harness, limitMs)
        : null;
      outcomes.set(page.path, results);
      if (results === null || !reused) {
        worker?.terminate();
        worker = null;
      }
    }
    worker?.terminate();
  };
  await Promise.all(Array.from({ length: width }, line));
  return outcomes;
}

function runPage(worker: Worker, page: Page, harness: string, limitMs: number): Promise<Results | null> {
  const { promise, resolve } = Promise.withResolvers<Results | null>();
  const timer = setTimeout(() => resolve(null), limitMs);
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    resolve({ "(the file itself)": `fail: ${event.message}` });
  };
  worker.postMessage({ harness, page });
  return promise.finally(() => clearTimeout(timer));
}
