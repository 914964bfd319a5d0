import { join } from "node:path";
import type { Native } from "../../../ffi/native.ts";
import type { Clock } from "../../clock.ts";
import type { Deadlines } from "../../deadlines.ts";
import type { Host } from "../../host/host.ts";
import { SERVER_DEFAULTS } from "../../limits.ts";
import { Engine } from "./engine.ts";

export interface OpenEngineOptions {
  readonly native: Native;
  /** The engine's module in native code, and its base image. */
  readonly image: { readonly native: Uint8Array<ArrayBuffer>; readonly base: Uint8Array<ArrayBuffer> };
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly host: Host;
  readonly cores: number;
}

/** Steps in flight; more would only wait in the ring, where nobody can be let ahead. */
const SLOTS = 128;
/** Threads for runs that turn out to be long, beside the workers. */
const LONG_WORKERS = 64;
/** Of them, one function may have half: its loops leave room for the others. */
const STEPS_PER_FUNCTION = LONG_WORKERS / 2;
/** Idle sandboxes that keep their pages, for the next request to find them warm. */
export const WARM_INSTANCES = 64;
/** A run on the server's own thread is stopped after this, and done again by a worker. */
const INLINE_US = 1000;
/** A run this long is let go on beside the others, with less priority. */
const LONG_US = 2000;

/** A sandbox for each request that may run, parked ones included, and for each build. */
export const instancesFor = (concurrency: number): number => concurrency + SLOTS;

/** Starts the native engine with pools that fit the machine, and connects to it. */
export async function openEngine(options: OpenEngineOptions): Promise<Engine> {
  const { native, image, cores } = options;
  // Deno's own thread is a core's work under load.
  const workers = Math.max(1, cores - 1);
  const memory = native.open(
    {
      slots: SLOTS,
      workers,
      longWorkers: LONG_WORKERS,
      instances: instancesFor(SERVER_DEFAULTS.concurrency),
      warmInstances: WARM_INSTANCES,
      inlineUs: INLINE_US,
      longUs: LONG_US,
    },
    image.native,
    image.base,
  );
  const engine = new Engine({ ...options, memory, workers, stepsPerFunction: STEPS_PER_FUNCTION });
  const folder = await Deno.makeTempDir({ prefix: "mayfly-" });
  try {
    engine.serve(await native.connectWake(join(folder, "wake")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return engine;
}
