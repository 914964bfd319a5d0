import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { brotliCompressSync, gzipSync } from "node:zlib";

type Answer = (request: IncomingMessage, response: ServerResponse, rest: string, query: URLSearchParams) => unknown;

const pattern = (length: number): Uint8Array => new Uint8Array(length).map((_, i) => i * 7 + (i >> 8));

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

const ENCODED: Readonly<Record<string, (text: string) => Uint8Array>> = {
  gzip: gzipSync,
  GZIP: gzipSync,
  "x-gzip": gzipSync,
  br: brotliCompressSync,
};

/** What no server library would write. */
const raw = (socket: Socket | null, text: string): void => void socket!.end(text, "latin1");

const answers: Readonly<Record<string, Answer>> = {
  echo: async (request, response) => {
    const body = (await bodyOf(request)).toString("latin1");
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body }));
  },
  count: async (request, response) => {
    let length = 0;
    for await (const piece of request) length += piece.length;
    response.end(`${length} ${request.headers["content-length"] ?? request.headers["transfer-encoding"]}`);
  },
  status: (_, response, rest) => response.writeHead(Number(rest), { "x-status": rest }).end(),
  redirect: (request, response, rest, query) => {
    request.resume();
    response.writeHead(Number(rest), { location: query.get("to")! }).end("moved");
  },
  around: (_, response) => response.writeHead(302, { location: "/around" }).end(),
  encoded: (request, response, rest) => {
    const body = ENCODED[rest]?.("hello") ?? Buffer.from("hello");
    response.writeHead(200, { "content-encoding": rest, "content-length": body.length });
    response.end(request.method === "HEAD" ? undefined : body);
  },
  compressed: (_, response, rest) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(pattern(Number(rest))));
  },
  "broken-gzip": (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("this is no gzip"),
  bytes: (_, response, rest) => response.writeHead(200, { "content-length": rest }).end(pattern(Number(rest))),
  chunks: (_, response) => {
    response.write("one ");
    response.end("two");
  },
  slow: (_, response) => {
    response.write("one ");
    setTimeout(() => response.write("two "), 20);
    setTimeout(() => response.end("three"), 40);
  },
  json: (_, response) => response.writeHead(200, { "content-type": "application/json" }).end('{"a":[1,"ü"]}'),
  form: (_, response) =>
    response.writeHead(200, { "content-type": "application/x-www-form-urlencoded" }).end("a=1&b=%C3%BC"),
  cookies: (_, response) => {
    response.writeHead(200, [["set-cookie", "a=1, b"], ["x-a", "1"], ["set-cookie", "c=2"], ["x-a", "2"]]).end();
  },
  hints: (_, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("after hints");
  },
  early: (_, response) => response.writeHead(413, { connection: "close" }).end("enough"),
  never: () => {},
  endless: (_, response) => {
    const write = () => void (response.destroyed || response.write(new Uint8Array(1000), () => setTimeout(write, 1)));
    write();
  },
  flood: (_, response) => {
    const write = () => {
      while (!response.destroyed && response.write(new Uint8Array(65_536)));
    };
    response.on("drain", write);
    write();
  },
  bomb: (_, response) => {
    const piece = gzipSync(new Uint8Array(64 << 20));
    const pieces = Readable.from(Array.from({ length: 32 }, () => piece));
    pieces.pipe(response.writeHead(200, { "content-encoding": "gzip" }));
  },
  wait: (_, response, rest) => void setTimeout(() => response.end("waited"), Number(rest)),
  close: ({ socket }) => socket.destroy(),
  nonsense: ({ socket }) => raw(socket, "SSH-2.0-OpenSSH_9.9\r\n"),
  cut: ({ socket }) => raw(socket, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"),
  "cut-chunks": ({ socket }) =>
    raw(socket, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo"),
  "until-close": ({ socket }) => raw(socket, "HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\nuntil the end"),
};

/** A server that functions fetch from. */
export class Origin implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    const [path, query] = request.url!.split("?");
    const [, name, rest = ""] = /^\/([\w-]+)\/?(.*)$/.exec(path) ?? [];
    this.requests.push(path);
    const answer = answers[name];
    // A function that leaves in the middle of its body is what some tests are about.
    if (answer) {
      Promise.try(answer, request, response, rest, new URLSearchParams(query)).catch(() => response.destroy());
    } else response.writeHead(404).end();
  });
  /** The paths of all requests. */
  readonly requests: string[] = [];
  readonly #sockets = new Set<Socket>();
  /** How many connections there were. */
  accepted = 0;

  private constructor() {
    this.#server.on("connection", (socket: Socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static async start(hostname = "127.0.0.1"): Promise<Origin> {
    const origin = new Origin();
    await new Promise<void>((resolve) => origin.#server.listen(0, hostname, resolve));
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
