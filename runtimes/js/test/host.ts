/**
 * A host for tests: the engine in Deno's own WebAssembly, spoken to in frames (ffi/shim/guest.h, frames.h). It has no
 * limits, no threads and no speed; snapshots are copies of the whole memory.
 */
import { openParts } from "../../../src/setup/setup.ts";

export const FrameType = {
  HEAD: 1,
  CHUNK: 2,
  END: 3,
  CALL: 4,
  ANSWER: 5,
  CANCEL: 6,
  LOG: 7,
  EXIT: 8,
  CREDIT: 9,
} as const;

export const ExitCode = {
  OK: 0,
  EXCEPTION: 1,
  MEMORY: 2,
  BAD_RESPONSE: 3,
  BODY_ERROR: 4,
  UNSUPPORTED: 5,
} as const;

export const GuestState = { PARKED: 0, DONE: 1, FAULT: 2 } as const;

const HAS_BODY = 1;
const DEPLOY = 2;
const IN_BYTES = 128 * 1024;
const CHUNK_MAX = 65536;
const NO_WAKE = 0xffffffff;
/** Fields of struct mf_guest_io. */
const IO = { outLength: 4, wakeMs: 8, fresh: 12, seed: 16, memoryUsed: 32, in: 40, out: 40 + IN_BYTES };

export interface Frame {
  type: number;
  flags: number;
  aux: number;
  payload: Uint8Array<ArrayBuffer>;
}

interface Exports {
  memory: WebAssembly.Memory;
  __stack_pointer: WebAssembly.Global;
  _initialize(): void;
  mf_init(): number;
  mf_alloc(size: number): number;
  mf_boot(pointer: number, length: number): number;
  mf_io(): number;
  mf_step(length: number): number;
}

export interface Files {
  wasm: Uint8Array<ArrayBuffer>;
  library: Uint8Array<ArrayBuffer>;
}

/** The engine that set-up builds. */
export async function engineFiles(): Promise<Files> {
  const parts = await openParts({ progress: console.log });
  const [module, library] = await Promise.all([parts.module(), parts.library()]);
  return { wasm: await module.read(), library: await library.read() };
}

/** An image of a memory: what is used from below, and the last page, where the allocator has its end mark. */
export interface Snapshot {
  readonly module: WebAssembly.Module;
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly lastPage: Uint8Array<ArrayBuffer>;
  readonly stackPointer: number;
}

export interface StepResult {
  state: number;
  frames: Frame[];
  /** null: no timer. */
  wakeMs: number | null;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Sandbox {
  readonly #module: WebAssembly.Module;
  readonly #exports: Exports;
  #io = 0;
  /** Nanoseconds that the guest's clocks are ahead of the host's. */
  #aheadNs = 0n;
  /** While the base image is made, clocks stand still. */
  #booted = false;

  private constructor(module: WebAssembly.Module) {
    this.#module = module;
    const imports = {
      mayfly: {
        clock: (which: number): bigint => this.#booted ? this.clock(which) : 0n,
        random: (pointer: number, length: number): void => {
          crypto.getRandomValues(new Uint8Array(this.#exports.memory.buffer, pointer, length));
        },
      },
    };
    this.#exports = new WebAssembly.Instance(module, imports).exports as unknown as Exports;
  }

  static boot({ wasm, library }: Files): Sandbox {
    const sandbox = new Sandbox(new WebAssembly.Module(wasm));
    const exports = sandbox.#exports;
    exports._initialize();
    if (exports.mf_init() !== 0) throw new Error("The engine did not start");
    const pointer = exports.mf_alloc(library.length);
    new Uint8Array(exports.memory.buffer).set(library, pointer);
    sandbox.#io = exports.mf_io();
    if (exports.mf_boot(pointer, library.length) !== 0) {
      throw new Error(`The library did not start: ${sandbox.#outText()}`);
    }
    sandbox.#booted = true;
    return sandbox;
  }

  /** As a clone begins: the snapshot's memory, a fresh seed. */
  static clone({ module, memory, lastPage, stackPointer }: Snapshot): Sandbox {
    const sandbox = new Sandbox(module);
    const exports = sandbox.#exports;
    const target = new Uint8Array(exports.memory.buffer);
    target.set(memory);
    target.set(lastPage, target.length - PAGE);
    exports.__stack_pointer.value = stackPointer;
    sandbox.#io = exports.mf_io();
    sandbox.#booted = true;
    const view = sandbox.#view;
    view.setUint32(IO.fresh, 1, true);
    const seed = crypto.getRandomValues(new BigUint64Array(2));
    view.setBigUint64(IO.seed, seed[0], true);
    view.setBigUint64(IO.seed + 8, seed[1], true);
    return sandbox;
  }

  snapshot(): Snapshot {
    const memory = new Uint8Array(this.#exports.memory.buffer as ArrayBuffer);
    return {
      module: this.#module,
      memory: usedPart(memory),
      lastPage: memory.slice(memory.length - PAGE),
      stackPointer: this.#exports.__stack_pointer.value,
    };
  }

  clock(which: number): bigint {
    const base = which === 0 ? Date.now() : performance.now();
    return BigInt(Math.round(base * 1e6)) + this.#aheadNs;
  }

  /** Lets time pass, for the guest alone. */
  advance(ms: number): void {
    this.#aheadNs += BigInt(Math.round(ms * 1e6));
  }

  get #view(): DataView {
    return new DataView(this.#exports.memory.buffer, this.#io);
  }

  #outText(): string {
    const length = this.#view.getUint32(IO.outLength, true);
    return decoder.decode(new Uint8Array(this.#exports.memory.buffer, this.#io + IO.out, length));
  }

  get memoryUsed(): number {
    return this.#view.getUint32(IO.memoryUsed, true);
  }

  step(frames: readonly Frame[] = []): StepResult {
    let length = 0;
    for (const frame of frames) length += this.#writeFrame(IO.in + length, frame);
    const state = this.#exports.mf_step(length);
    const wake = this.#view.getUint32(IO.wakeMs, true);
    return { state, frames: this.#readFrames(), wakeMs: wake === NO_WAKE ? null : wake };
  }

  #writeFrame(offset: number, { type, flags, aux, payload }: Frame): number {
    const view = this.#view;
    view.setUint8(offset, type);
    view.setUint8(offset + 1, flags);
    view.setUint16(offset + 2, aux, true);
    view.setUint32(offset + 4, payload.length, true);
    new Uint8Array(this.#exports.memory.buffer).set(payload, this.#io + offset + 8);
    return 8 + ((payload.length + 3) & ~3);
  }

  #readFrames(): Frame[] {
    const view = this.#view;
    const end = view.getUint32(IO.outLength, true);
    const frames: Frame[] = [];
    for (let at = 0; at < end;) {
      const start = IO.out + at;
      const length = view.getUint32(start + 4, true);
      frames.push({
        type: view.getUint8(start),
        flags: view.getUint8(start + 1),
        aux: view.getUint16(start + 2, true),
        payload: new Uint8Array(this.#exports.memory.buffer, this.#io + start + 8, length).slice(),
      });
      at += 8 + ((length + 3) & ~3);
    }
    return frames;
  }
}

const PAGE = 65536;
/** So much that is zero, and the rest was never used. */
const ENOUGH_ZEROS = 64 * 1024 * 1024;

function usedPart(memory: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const doubles = new Float64Array(memory.buffer);
  let end = 0;
  for (let page = 0; page < memory.length - PAGE && page - end < ENOUGH_ZEROS; page += PAGE) {
    if (!isZero(doubles, page / 8, (page + PAGE) / 8)) end = page + PAGE;
  }
  return memory.slice(0, end);
}

/** Negative zeros and the like are no matter: an image with one has others around it. */
function isZero(doubles: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (doubles[i] !== 0) return false;
  }
  return true;
}

// ---- frames ---------------------------------------------------------------------------------------------------------

export function frame(type: number, payload: Uint8Array<ArrayBuffer> = new Uint8Array(), flags = 0, aux = 0): Frame {
  return { type, flags, aux, payload };
}

export const word = (value: number): Uint8Array<ArrayBuffer> => new Uint8Array(new Uint32Array([value]).buffer);

export function headFrame(
  request: { method?: string; url?: string; headers?: string; id?: string; context?: string },
  flags: number,
): Frame {
  const { method = "GET", url = "http://localhost/", headers = "", id = "request-1", context = "" } = request;
  const strings = [method, url, headers, id, context].map((text) => encoder.encode(text));
  const lengths = new Uint8Array(new Uint32Array(strings.map((bytes) => bytes.length)).buffer);
  return frame(FrameType.HEAD, concat([lengths, ...strings]), flags);
}

export function concat(pieces: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function answerFrame(id: number, failed: boolean, result: Uint8Array<ArrayBuffer>): Frame {
  return frame(FrameType.ANSWER, concat([word(id), word(failed ? 1 : 0), result]));
}

// ---- a whole request ------------------------------------------------------------------------------------------------

export interface Answer {
  status: number | null;
  headers: [string, string][];
  body: Uint8Array<ArrayBuffer>;
  text: string;
  /** The body's end came. */
  ended: boolean;
  exit: { code: number; text: string } | null;
  logs: { level: number; text: string }[];
  steps: number;
}

/** Answers a host call; throws to fail it. */
export type HostCalls = (operation: number, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

const OP_ECHO = 1;
const echo: HostCalls = (operation, bytes) => {
  if (operation !== OP_ECHO) throw new Error(`Cannot make the host call ${operation}: there is none`);
  return bytes;
};

const MAX_STEPS = 10_000;

/** Drives a sandbox until its request ends or nothing can wake it; a timer's wait passes in no time. */
export class Exchange {
  readonly answer: Answer = {
    status: null,
    headers: [],
    body: new Uint8Array(),
    text: "",
    ended: false,
    exit: null,
    logs: [],
    steps: 0,
  };
  last: StepResult = { state: GuestState.PARKED, frames: [], wakeMs: null };
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #input: Frame[] = [];
  #body: Uint8Array<ArrayBuffer>;
  #bodyOpen: boolean;
  #credit = CHUNK_MAX;
  /** Credit that the sandbox gave beyond the first. */
  granted = 0;

  constructor(readonly sandbox: Sandbox, head: Frame, body: Uint8Array<ArrayBuffer> | null, readonly calls = echo) {
    this.#input.push(head);
    this.#body = body ?? new Uint8Array();
    this.#bodyOpen = body !== null;
  }

  send(...frames: Frame[]): this {
    this.#input.push(...frames);
    return this;
  }

  #feed(): void {
    const room = IN_BYTES - 64 - this.#input.reduce((sum, { payload }) => sum + payload.length + 12, 0);
    const length = Math.min(this.#credit, this.#body.length, CHUNK_MAX, Math.max(0, room));
    if (this.#bodyOpen && length > 0) {
      this.#input.push(frame(FrameType.CHUNK, this.#body.slice(0, length)));
      this.#body = this.#body.subarray(length);
      this.#credit -= length;
    }
    if (this.#bodyOpen && this.#body.length === 0) {
      this.#input.push(frame(FrameType.END));
      this.#bodyOpen = false;
    }
  }

  /** As many frames as the sandbox's area holds. */
  #takeInput(): Frame[] {
    let room = IN_BYTES;
    let count = 0;
    while (count < this.#input.length && room >= this.#input[count].payload.length + 12) {
      room -= this.#input[count++].payload.length + 12;
    }
    return this.#input.splice(0, count);
  }

  /** One step. */
  step(): StepResult {
    this.#feed();
    this.last = this.sandbox.step(this.#takeInput());
    this.answer.steps++;
    for (const out of this.last.frames) this.#take(out);
    return this.last;
  }

  /** Steps until the request is over, or it waits for what nobody will send. */
  run(): Answer {
    for (let i = 0; i < MAX_STEPS; i++) {
      const { state, wakeMs } = this.step();
      if (state !== GuestState.PARKED) break;
      const hasInput = this.#input.length > 0 || (this.#bodyOpen && this.#credit > 0);
      if (hasInput) continue;
      if (wakeMs === null) break;
      this.sandbox.advance(wakeMs);
    }
    return this.finish();
  }

  finish(): Answer {
    this.answer.body = concat(this.#chunks);
    this.answer.text = decoder.decode(this.answer.body);
    return this.answer;
  }

  #take({ type, aux, payload }: Frame): void {
    const { answer } = this;
    switch (type) {
      case FrameType.HEAD: {
        answer.status = aux;
        const lines = decoder.decode(payload).split("\n");
        for (let i = 0; i + 1 < lines.length; i += 2) answer.headers.push([lines[i], lines[i + 1]]);
        return;
      }
      case FrameType.CHUNK:
        this.#chunks.push(payload);
        this.#input.push(frame(FrameType.CREDIT, word(payload.length)));
        return;
      case FrameType.END:
        answer.ended = true;
        return;
      case FrameType.LOG:
        answer.logs.push({ level: aux, text: decoder.decode(payload) });
        return;
      case FrameType.EXIT:
        answer.exit = { code: aux, text: decoder.decode(payload) };
        return;
      case FrameType.CREDIT:
        this.granted += new DataView(payload.buffer).getUint32(0, true);
        this.#credit += new DataView(payload.buffer).getUint32(0, true);
        return;
      case FrameType.CALL:
        return this.#call(payload);
      default:
        throw new Error(`A sandbox wrote a frame of type ${type}`);
    }
  }

  #call(payload: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(payload.buffer);
    const id = view.getUint32(0, true);
    try {
      this.send(answerFrame(id, false, this.calls(view.getUint32(4, true), payload.slice(8))));
    } catch (error) {
      this.send(answerFrame(id, true, encoder.encode((error as Error).message)));
    }
  }
}

// ---- functions ------------------------------------------------------------------------------------------------------

export interface DeployOptions {
  env?: Record<string, string>;
  memoryBytes?: number;
  timers?: number;
  logBytes?: number;
  file?: string;
  mount?: string;
  /** Another image than the one that functions start from. */
  image?: Snapshot;
}

export interface CallOptions {
  method?: string;
  url?: string;
  headers?: Record<string, string> | string;
  body?: string | Uint8Array<ArrayBuffer>;
  context?: object;
  id?: string;
  calls?: HostCalls;
}

let base: Snapshot | undefined;

/** The image that every function starts from; one for all tests of a process. */
export async function baseImage(): Promise<Snapshot> {
  return base ??= Sandbox.boot(await engineFiles()).snapshot();
}

export class Func {
  constructor(readonly snapshot: Snapshot, readonly kind: string, readonly deployed: Answer) {}

  /** A request in a clone of its own. */
  begin(options: CallOptions = {}): Exchange {
    return beginRequest(Sandbox.clone(this.snapshot), options);
  }

  call(options: CallOptions = {}): Answer {
    return this.begin(options).run();
  }
}

export function beginRequest(sandbox: Sandbox, options: CallOptions = {}): Exchange {
  const { method, url, headers = "", body, context, id, calls } = options;
  const raw = typeof headers === "string"
    ? headers
    : Object.entries(headers).map(([name, value]) => `${name}\n${value}\n`).join("");
  const bytes = typeof body === "string" ? encoder.encode(body) : body ?? null;
  const head = headFrame(
    { method: method ?? (bytes ? "POST" : "GET"), url, headers: raw, id, context: context && JSON.stringify(context) },
    bytes ? HAS_BODY : 0,
  );
  return new Exchange(sandbox, head, bytes, calls);
}

/** Evaluates a bundle as a deploy does, in a new sandbox. */
export async function beginDeploy(source: string, options: DeployOptions = {}, calls?: HostCalls): Promise<Exchange> {
  const context = {
    function: { name: "test", tenant: "home", version: "1" },
    mount: options.mount ?? "/test",
    env: options.env ?? {},
    file: options.file ?? "test.js",
    memoryBytes: options.memoryBytes ?? 64 * 1024 * 1024,
    timers: options.timers ?? 1000,
    logBytes: options.logBytes ?? 256 * 1024,
  };
  const head = headFrame({ method: "POST", context: JSON.stringify(context) }, HAS_BODY | DEPLOY);
  return new Exchange(Sandbox.clone(options.image ?? await baseImage()), head, encoder.encode(source), calls);
}

export async function tryDeploy(source: string, options: DeployOptions = {}, calls?: HostCalls): Promise<Answer> {
  return (await beginDeploy(source, options, calls)).run();
}

export async function deploy(source: string, options: DeployOptions = {}): Promise<Func> {
  const exchange = await beginDeploy(source, options);
  const answer = exchange.run();
  if (answer.status !== 200 || answer.exit?.code !== ExitCode.OK) {
    throw new Error(`The deploy failed: ${answer.exit?.text ?? `parked after ${answer.steps} steps`}`);
  }
  return new Func(exchange.sandbox.snapshot(), JSON.parse(answer.text).kind, answer);
}

/** The JSON value of an expression, or of a function's body with `return`, evaluated in a request. */
export async function evaluate(code: string, options: DeployOptions = {}): Promise<unknown> {
  const body = /\breturn\b/.test(code) ? code : `return (${code});`;
  const func = await deploy(
    `export default async () => Response.json({ value: await (async () => { ${body} })() });`,
    options,
  );
  const answer = func.call();
  if (answer.exit?.code !== ExitCode.OK) throw new Error(answer.exit?.text ?? "It never ended");
  return JSON.parse(answer.text).value;
}
