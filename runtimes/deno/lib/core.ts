/**
 * The part of Deno that its own library stands on. A request that waits for nothing but itself is served without the event
 * loop, which would leave the VM several times; nothing that is public runs microtasks.
 */
interface Core {
  runMicrotasks(): void;
  /** Microtasks as well, until there are none; then what was rejected and nobody handles is told. */
  processTicksAndRejections(): void;
}

const deno = Deno as unknown as Record<symbol, { core: Core }> & { readonly internal: symbol };

export const core: Core = deno[deno.internal].core;

/** Runs all that can go on without anything from outside. */
export function settle(): void {
  core.runMicrotasks();
  core.processTicksAndRejections();
}
