/** A function as the admin API lists it. */
export interface FunctionInfo {
  /** Qualified: `hello`, or `@acme/score`. */
  readonly name: string;
  readonly state: "building" | "ready" | "failed";
  readonly version: string | null;
  readonly error: string | null;
}

export interface LogLine {
  readonly level: string;
  readonly text: string;
  /** null: it was written by no request. */
  readonly requestId: string | null;
  /** Of a request that failed. */
  readonly code: string | null;
}

/** The admin API, with the token of the data folder. */
export class Admin {
  readonly #url: string;
  readonly #data: string;

  constructor(url: string, data: string) {
    this.#url = url;
    this.#data = data;
  }

  /** Where the process says that it listens; null until it has said so. */
  static async addressOf(data: string, pid: number): Promise<string | null> {
    try {
      const address = JSON.parse(await Deno.readTextFile(`${data}/server.json`));
      return address.pid === pid ? address.url.replace(/\/$/, "") : null;
    } catch {
      return null;
    }
  }

  async get(path: string, init: RequestInit = {}): Promise<Response> {
    const token = (await Deno.readTextFile(`${this.#data}/admin-token`)).trim();
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    return await fetch(`${this.#url}/_mayfly${path}`, { ...init, headers });
  }

  async functions(): Promise<FunctionInfo[]> {
    return await (await this.get("/functions")).json();
  }

  async function(name: string): Promise<FunctionInfo | undefined> {
    return (await this.functions()).find((info) => info.name === name);
  }

  /** Oldest first. */
  async logs(name: string): Promise<LogLine[]> {
    const response = await this.get(`/functions/${encodeURIComponent(name)}/logs?lines=100000`);
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot read the log of ${name}: ${response.status} ${text}`);
    return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  /** The sum of a metric over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await this.get("/metrics")).text();
    const values = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    if (values.length === 0) throw new Error(`Cannot find the metric ${name}`);
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** How many requests run now, all functions together. */
  async running(): Promise<number> {
    return await this.metric("mayfly_requests_running");
  }

  /** How many requests wait for a place. */
  async waiting(): Promise<number> {
    return await this.metric("mayfly_requests_waiting");
  }
}
