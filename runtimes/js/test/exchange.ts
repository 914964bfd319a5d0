/** A request in a sandbox, from its first frame to its last. */
import { answerFrame, CHUNK_MAX, concat, type Frame, frame, FrameType, word } from "./frames.ts";
import { GuestState, IN_BYTES, type Sandbox, type StepResult } from "./sandbox.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

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

type Bytes = Uint8Array<ArrayBuffer>;
/** Answers a host call; throws to fail it. What it answers later, `runAwaiting` waits for. */
export type HostCalls = (operation: number, bytes: Bytes) => Bytes | Promise<Uint8Array>;

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
  #later: ((id: number, operation: number, bytes: Uint8Array<ArrayBuffer>) => void) | null = null;
  readonly #answering = new Set<Promise<void>>();
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
      if (wakeMs === null || this.#answering.size > 0) break;
      this.sandbox.advance(wakeMs);
    }
    return this.finish();
  }

  /** The same, with a host that takes its time. */
  async runAwaiting(): Promise<Answer> {
    for (;;) {
      this.run();
      if (this.last.state !== GuestState.PARKED || this.#answering.size === 0) return this.finish();
      await Promise.race(this.#answering);
    }
  }

  /** The same, with a host whose answers take time; while one is awaited, time stands still. */
  async runWith(host: (operation: number, bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>): Promise<Answer> {
    const pending = new Set<Promise<unknown>>();
    this.#later = (id, operation, bytes) => {
      const answered = host(operation, bytes).then(
        (result) => this.send(answerFrame(id, false, new Uint8Array(result))),
        (error) => this.send(answerFrame(id, true, encoder.encode(error.message))),
      ).finally(() => pending.delete(answered));
      pending.add(answered);
    };
    for (;;) {
      const { state, wakeMs } = this.step();
      if (state !== GuestState.PARKED) break;
      if (this.#input.length > 0 || (this.#bodyOpen && this.#credit > 0)) continue;
      if (pending.size > 0) await Promise.race(pending);
      else if (wakeMs === null) break;
      else this.sandbox.advance(wakeMs);
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
    if (this.#later) return this.#later(id, view.getUint32(4, true), payload.slice(8));
    const fail = (error: unknown) => void this.send(answerFrame(id, true, encoder.encode((error as Error).message)));
    try {
      const result = this.calls(view.getUint32(4, true), payload.slice(8));
      if (result instanceof Uint8Array) return void this.send(answerFrame(id, false, result));
      const answered = result.then(
        (bytes) => void this.send(answerFrame(id, false, new Uint8Array(bytes))),
        fail,
      ).finally(() => this.#answering.delete(answered));
      this.#answering.add(answered);
    } catch (error) {
      fail(error);
    }
  }
}
