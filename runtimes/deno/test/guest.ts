/** The runtime as a plain process of this machine, with a socket for its descriptor 3: fast to start, and slow to clone. */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  concat,
  DEPLOY,
  ExitCode,
  type Frame,
  frame,
  FrameType,
  HAS_BODY,
  headFrame,
  word,
} from "../../js/test/frames.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export { ExitCode, FrameType };

const BOOT = fileURLToPath(new URL("../lib/boot.ts", import.meta.url));
const PIECE = 65_536;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const written = ({ type, flags, aux, payload }: Frame): Bytes => {
  const bytes = new Uint8Array(8 + (payload.length + 3 & ~3));
  new DataView(bytes.buffer).setUint32(0, type | flags << 8 | aux << 16, true);
  new DataView(bytes.buffer).setUint32(4, payload.length, true);
  bytes.set(payload, 8);
  return bytes;
};

export interface Answer {
  readonly status: number | null;
  readonly headers: [string, string][];
  readonly text: string;
  readonly bytes: Bytes;
  readonly isWhole: boolean;
  readonly exit: { readonly code: number; readonly text: string };
  readonly logs: { readonly level: number; readonly text: string }[];
}

export interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: string;
  /** None: it warms up. */
  readonly id?: string;
  readonly context?: string;
  readonly body?: string | Bytes;
  /** Each piece of it goes when the guest has taken the one before. */
  readonly slowly?: boolean;
}

export class Guest implements AsyncDisposable {
  readonly #process = spawn(Deno.execPath(), DENO_ARGUMENTS, {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    env: { PATH: "/usr/bin:/bin", HOME: "/tmp", DENO_DIR: "/nowhere", NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  readonly #line = this.#process.stdio[3] as unknown as Socket;
  readonly #ended = Promise.withResolvers<number | null>();
  #bytes: Bytes = new Uint8Array(0);
  #wake: (() => void) | null = null;

  constructor() {
    this.#line.on("data", (bytes: Bytes) => {
      this.#bytes = concat([this.#bytes, bytes]);
      this.#wake?.();
    });
    this.#process.on("exit", (code) => {
      this.#ended.resolve(code);
      this.#wake?.();
    });
  }

  static async deployed(code: string, settings: object = {}): Promise<Guest> {
    const guest = new Guest();
    const { exit } = await guest.deploy(code, settings);
    if (exit.code !== ExitCode.OK) throw new Error(`Cannot deploy: ${exit.text}`);
    return guest;
  }

  deploy(code: string, settings: object = {}): Promise<Answer> {
    const context = JSON.stringify({ ...SETTINGS, ...settings });
    this.send(headFrame({ method: "POST", context }, DEPLOY | HAS_BODY));
    return this.#exchange(encoder.encode(code), false);
  }

  request({ body, slowly = false, ...head }: Asked = {}): Promise<Answer> {
    this.send(headFrame(head, body === undefined ? 0 : HAS_BODY));
    return this.#exchange(typeof body === "string" ? encoder.encode(body) : body ?? null, slowly);
  }

  send(...frames: Frame[]): void {
    this.#line.write(concat(frames.map(written)));
  }

  /** The next frame; null when the guest has ended. */
  async next(): Promise<Frame | null> {
    for (;;) {
      const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
      const length = this.#bytes.length < 8 ? Infinity : view.getUint32(4, true);
      const end = 8 + Math.ceil(length / 4) * 4;
      if (this.#bytes.length >= end) {
        const payload = this.#bytes.slice(8, 8 + length);
        const taken = frame(this.#bytes[0], payload, this.#bytes[1], view.getUint16(2, true));
        this.#bytes = this.#bytes.subarray(end);
        return taken;
      }
      if (this.#process.exitCode !== null) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** All that the guest answers; each chunk of it is granted again. */
  async answer(onFrame: (frame: Frame) => void = () => {}): Promise<Answer> {
    const chunks: Bytes[] = [];
    const logs: Answer["logs"] = [];
    let status: number | null = null, headers: [string, string][] = [], isWhole = false;
    for (;;) {
      const taken = await this.next();
      if (taken === null) throw new Error("The guest has ended");
      const { type, aux, payload } = taken;
      onFrame(taken);
      if (type === FrameType.HEAD) {
        status = aux;
        const lines = decoder.decode(payload).split("\n");
        headers = lines.flatMap((name, i) => i % 2 === 0 && name !== "" ? [[name, lines[i + 1]]] : []);
      } else if (type === FrameType.CHUNK) {
        chunks.push(payload);
        this.send(frame(FrameType.CREDIT, word(payload.length)));
      } else if (type === FrameType.END) isWhole = true;
      else if (type === FrameType.LOG) logs.push({ level: aux, text: decoder.decode(payload) });
      else if (type === FrameType.EXIT) {
        const bytes = concat(chunks);
        const exit = { code: aux, text: decoder.decode(payload) };
        return { status, headers, bytes, text: decoder.decode(bytes), isWhole, exit, logs };
      }
    }
  }

  /** It ends by itself when nobody is at the other end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#line.destroy();
    await this.#ended.promise;
  }

  #exchange(body: Bytes | null, slowly: boolean): Promise<Answer> {
    let credit = PIECE, at = 0;
    const feed = () => {
      if (body === null || at > body.length) return;
      while (at < body.length && credit > 0) {
        const piece = body.slice(at, at + Math.min(credit, slowly ? 1000 : PIECE));
        this.send(frame(FrameType.CHUNK, piece));
        at += piece.length;
        credit -= piece.length;
      }
      if (at < body.length) return;
      this.send(frame(FrameType.END));
      at++;
    };
    if (!slowly) feed();
    else setTimeout(feed, 50);
    return this.answer(({ type, payload }) => {
      if (type !== FrameType.CREDIT) return;
      credit += new DataView(payload.buffer).getUint32(0, true);
      feed();
    });
  }
}

const DENO_ARGUMENTS = ["run", "-A", "--no-remote", "--no-config", "--no-lock", "--no-check", BOOT];
const SETTINGS = {
  function: { name: "guest", tenant: "acme", version: "v1" },
  mount: "/guest",
  env: { OWN: "1" },
  folder: "",
  memoryBytes: 256 << 20,
  timeoutMs: 30_000,
  logBytes: 262_144,
};
