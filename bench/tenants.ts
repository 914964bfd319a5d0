import type { Bench, Figure } from "./figure.ts";
import { onKvm } from "./kvm.ts";
import { burst } from "./tenants/burst.ts";
import { tenantDeploy } from "./tenants/deploy.ts";
import { idle } from "./tenants/idle.ts";
import { neighbours } from "./tenants/neighbours.ts";
import { python } from "./tenants/python.ts";
import { servers } from "./tenants/servers.ts";
import { tenantSoak } from "./tenants/soak.ts";
import { typescript } from "./tenants/typescript.ts";

/** Functions in microVMs, over HTTP, one part after the other. `TENANTS=python,idle` chooses among the parts. */
export const tenants: Bench = onKvm("tenants", async (scale) => {
  const parts = { python, typescript, servers, idle, burst, deploy: tenantDeploy, neighbours, soak: tenantSoak };
  const chosen = Deno.env.get("TENANTS")?.split(",");
  const figures: Figure[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (chosen && !chosen.includes(name)) continue;
    console.error(`  ${name} ...`);
    figures.push(...await part(scale));
  }
  return figures;
});
