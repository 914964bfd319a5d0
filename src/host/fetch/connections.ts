import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect, createSecureContext } from "node:tls";

/** Unused connections to one address, to all of a tenant's, and to all there are. */
const MOST_IDLE = { perAddress: 8, perTenant: 32, all: 256 } as const;
/** Most servers keep one for five seconds and more: it should not be they who close it. */
const IDLE_MS = 4000;

/** What an agent would make of its own accord reads every root certificate anew, which holds up the event loop. */
const secureContext = createSecureContext();

class SecureAgent extends https.Agent {
  /** The certificate has to be of `servername`, wherever the connection goes. */
  override createConnection({ host, port, servername }: https.RequestOptions): Duplex {
    // An address is no name to ask for; the certificate has to be the address's own then.
    const name = isIP(servername!) === 0 ? servername : "";
    return connect({ host: host!, port: Number(port), servername: name, secureContext, rejectUnauthorized: true });
  }
}

/** One tenant's agents: nobody sends on a connection that another tenant has used. */
interface Agents {
  readonly plain: http.Agent;
  readonly secure: https.Agent;
}

/**
 * Kept-alive connections. The agents are asked for addresses, never for names, so that a connection that is used again
 * leads to the address that was checked for this request.
 */
export class Connections {
  readonly #tenants = new Map<string, Agents>();

  agentFor(tenant: string, isSecure: boolean): http.Agent {
    const agents = this.#tenants.get(tenant) ?? this.#agents();
    this.#tenants.set(tenant, agents);
    return isSecure ? agents.secure : agents.plain;
  }

  close(): void {
    for (const { plain, secure } of this.#tenants.values()) {
      plain.destroy();
      secure.destroy();
    }
    this.#tenants.clear();
  }

  #agents(): Agents {
    const options = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: MOST_IDLE.perAddress };
    const agents = { plain: new http.Agent(options), secure: new SecureAgent(options) };
    for (const agent of [agents.plain, agents.secure]) {
      const keep = agent.keepSocketAlive.bind(agent);
      agent.keepSocketAlive = (socket: Duplex) => this.#hasRoom(agents) && keep(socket);
    }
    return agents;
  }

  #hasRoom(agents: Agents): boolean {
    return idle(agents) < MOST_IDLE.perTenant && [...this.#tenants.values()].reduce(sum, 0) < MOST_IDLE.all;
  }
}

const idle = ({ plain, secure }: Agents): number =>
  [plain, secure].flatMap((agent) => Object.values(agent.freeSockets)).reduce((sum, list) => sum + list!.length, 0);
const sum = (total: number, agents: Agents): number => total + idle(agents);
