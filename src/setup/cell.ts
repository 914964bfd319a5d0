import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SHIM_SOURCES } from "./shim.ts";
import { engineHeaders, sourcesIn } from "./vm_engine.ts";

export const CELL_SOURCES = fileURLToPath(new URL("../../ffi/cell", import.meta.url));
export const CELL_PROGRAM = "mayfly-cell";

/** What steps and frames are. */
const OF_THE_SHIM = ["mayfly.h", "guest.h", "frames.h", "slot.h"].map((name) => join(SHIM_SOURCES, name));

/** The program in which a tenant's microVMs run, without the engine. */
export async function cellFiles(): Promise<string[]> {
  return [...await sourcesIn("", CELL_SOURCES), ...OF_THE_SHIM, ...await engineHeaders()];
}
