import type { RequestEvent } from "./events.ts";
import { family, sample } from "./prometheus.ts";

interface Use {
  requests: number;
  cpuMs: number;
  bytesIn: number;
  bytesOut: number;
}

const FAMILIES: readonly (readonly [name: string, help: string, valueOf: (use: Use) => number])[] = [
  ["mayfly_tenant_requests_total", "Requests that ended, by tenant.", ({ requests }) => requests],
  ["mayfly_tenant_cpu_seconds_total", "CPU time of sandboxes, by tenant.", ({ cpuMs }) => cpuMs / 1000],
  ["mayfly_tenant_received_bytes_total", "Request bodies, by tenant.", ({ bytesIn }) => bytesIn],
  ["mayfly_tenant_sent_bytes_total", "Response bodies, by tenant.", ({ bytesOut }) => bytesOut],
];

/** What each tenant used, of all of its functions together. */
export class TenantUse {
  readonly #tenants = new Map<string, Use>();

  add(tenant: string, { outcome: { usage } }: RequestEvent): void {
    let use = this.#tenants.get(tenant);
    if (!use) this.#tenants.set(tenant, use = { requests: 0, cpuMs: 0, bytesIn: 0, bytesOut: 0 });
    use.requests++;
    if (usage === null) return;
    use.cpuMs += usage.cpuMs;
    use.bytesIn += usage.bytesIn;
    use.bytesOut += usage.bytesOut;
  }

  *text(): Generator<string> {
    for (const [name, help, valueOf] of FAMILIES) {
      const lines = [...this.#tenants].map(([tenant, use]) => sample(name, valueOf(use), { tenant }));
      yield family(name, "counter", help) + lines.join("");
    }
  }
}
