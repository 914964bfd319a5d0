/**
 * Measures every figure that the server has to reach, beside its baselines in the same run, and prints one table.
 * `--tiny` does as little as shows that the benches still run; names in the arguments choose among them.
 */
import { cryptography } from "./crypto.ts";
import { deploy } from "./deploy.ts";
import { engine } from "./engine.ts";
import { eventLoop } from "./event_loop.ts";
import { fetches } from "./fetch.ts";
import { type Bench, type Figure, FULL, table, TINY } from "./figure.ts";
import { http } from "./http.ts";
import { limits } from "./limits.ts";
import { microvm } from "./microvm.ts";
import { scale } from "./scale.ts";
import { soak } from "./soak.ts";
import { start } from "./start.ts";
import { tenants } from "./tenants.ts";
import { wasi } from "./wasi.ts";

const BENCHES: Readonly<Record<string, Bench>> = {
  engine,
  http,
  limits,
  "event-loop": eventLoop,
  deploy,
  start,
  wasi,
  fetch: fetches,
  crypto: cryptography,
  microvm,
  tenants,
  scale,
  soak,
};

const chosen = Deno.args.filter((word) => !word.startsWith("--"));
const unknown = chosen.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`Error: Cannot run the bench ${unknown}: there is none`);
  console.error(`Try: one of ${Object.keys(BENCHES).join(", ")}`);
  Deno.exit(2);
}

const figures: Figure[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`${name} ...`);
  figures.push(...await bench(Deno.args.includes("--tiny") ? TINY : FULL));
}
console.log(table(figures));
