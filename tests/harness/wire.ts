import type { Addressed } from "./client.ts";
import { ByteReader } from "./reader.ts";

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** In order, names in lower case, repeats and all. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  readonly text: string;
  /** Whether the body ended as its framing says; a reset or an early end leaves it false. */
  readonly complete: boolean;
}

export interface WireHead {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const LINE_END = encoder.encode("\r\n");

/** One connection, and bytes as they are: for what `fetch` would not send, or would hide. */
export class Wire implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #reader: ByteReader;

  private constructor(connection: Deno.Conn, readonly host: string) {
    this.#connection = connection;
    this.#reader = new ByteReader(connection);
  }

  static async open(server: Addressed): Promise<Wire> {
    const { hostname, port, host } = new URL(server.url);
    return new Wire(await Deno.connect({ hostname, port: Number(port) }), host);
  }

  async send(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? encoder.encode(data) : data;
    while (rest.length > 0) rest = rest.subarray(await this.#connection.write(rest));
  }

  /** A request line and headers; `Host` is the server's own unless `headers` names one. */
  async request(method: string, target: string, headers: readonly string[] = [], body = ""): Promise<void> {
    const host = headers.some((line) => /^host:/i.test(line)) ? [] : [`host: ${this.host}`];
    await this.send([`${method} ${target} HTTP/1.1`, ...host, ...headers, "", body].join("\r\n"));
  }

  /** In one write: several small ones wait for each other's acknowledgements. */
  async sendChunk(bytes: Uint8Array): Promise<void> {
    const size = encoder.encode(`${bytes.length.toString(16)}\r\n`);
    const chunk = new Uint8Array(size.length + bytes.length + 2);
    chunk.set(size);
    chunk.set(bytes, size.length);
    chunk.set(LINE_END, size.length + bytes.length);
    await this.send(chunk);
  }

  async head(): Promise<WireHead> {
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(await this.#line())?.[1]);
    const headers: [string, string][] = [];
    for (let line = await this.#line(); line !== ""; line = await this.#line()) {
      const colon = line.indexOf(":");
      headers.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]);
    }
    return { status, headers };
  }

  /** One chunk of a chunked body; null at its end. Throws if the connection ends first. */
  async chunk(): Promise<Uint8Array | null> {
    const length = parseInt(await this.#line(), 16);
    const bytes = await this.#reader.take(length);
    await this.#line();
    return length === 0 ? null : bytes;
  }

  /** A whole answer, or as much of it as came. `to` is the method that was sent. */
  async answer(to = "GET"): Promise<WireAnswer> {
    const { status, headers } = await this.head();
    const parts: Uint8Array[] = [];
    let complete = true;
    try {
      const lengthText = headers.find(([name]) => name === "content-length")?.[1];
      if (to === "HEAD" || status === 204 || status === 304) {
        // No body by definition.
      } else if (lengthText !== undefined) {
        for (let left = Number(lengthText); left > 0; left -= parts.at(-1)!.length) {
          parts.push(await this.#reader.some(left));
        }
      } else if (headers.some(([name, value]) => name === "transfer-encoding" && value === "chunked")) {
        for (let part = await this.chunk(); part !== null; part = await this.chunk()) parts.push(part);
      } else {
        complete = false;
      }
    } catch {
      complete = false;
    }
    const body = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    return { status, headers, body, text: decoder.decode(body), complete };
  }

  /** Waits until the other side has closed or reset the connection; what it sent before is dropped. */
  async closed(): Promise<void> {
    try {
      for (;;) await this.#reader.some(65_536);
    } catch {
      // Closed or reset: both are what was waited for.
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // Closed before.
    }
  }

  close(): void {
    this[Symbol.dispose]();
  }

  async #line(): Promise<string> {
    return decoder.decode(await this.#reader.line());
  }
}

/** One request on a connection of its own. */
export async function wire(
  server: Addressed,
  target: string,
  { method = "GET", headers = [], body = "" }: { method?: string; headers?: readonly string[]; body?: string } = {},
): Promise<WireAnswer> {
  using connection = await Wire.open(server);
  await connection.request(method, target, headers, body);
  return await connection.answer(method);
}
