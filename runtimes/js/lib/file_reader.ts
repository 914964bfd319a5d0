/** Blobs read with events, as browsers had it before promises. All bytes are there: no read fails. */
import { type Blob, blobBytes, isBlob } from "./blob.ts";
import { dictionary } from "./dictionary.ts";
import { domException } from "./dom_exception.ts";
import { TextDecoder } from "./encoding.ts";
import { Event, type EventInit, EventTarget, trusted } from "./events.ts";
import type { Bytes } from "./native.ts";
import { apply } from "./primordials.ts";
import { defineConstants } from "./publish.ts";
import { encodingOf } from "./text_codecs.ts";
import { setTimeout } from "./timers.ts";

interface ProgressEventInit extends EventInit {
  lengthComputable?: boolean;
  loaded?: number;
  total?: number;
}

export class ProgressEvent extends Event {
  readonly #lengthComputable: boolean;
  readonly #loaded: number;
  readonly #total: number;

  constructor(type: string, init?: ProgressEventInit) {
    if (arguments.length === 0) throw new TypeError("Cannot make an event: it needs a type");
    super(type, init);
    const { lengthComputable, loaded = 0, total = 0 } = dictionary(init);
    this.#lengthComputable = Boolean(lengthComputable);
    this.#loaded = Number(loaded);
    this.#total = Number(total);
  }

  get lengthComputable(): boolean {
    return this.#lengthComputable;
  }
  get loaded(): number {
    return this.#loaded;
  }
  get total(): number {
    return this.#total;
  }
}

const STATES = { EMPTY: 0, LOADING: 1, DONE: 2 } as const;
const EVENTS = ["loadstart", "progress", "load", "abort", "error", "loadend"];
/** So many arguments a call takes for sure. */
const PIECE_BYTES = 8192;

type Handler = ((event: Event) => void) | null;
type Result = string | ArrayBuffer | null;

function binaryString(bytes: Bytes): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES));
  }
  return text;
}

function dataUrl(bytes: Bytes, type: string): string {
  const { toBase64 } = Uint8Array.prototype as unknown as { toBase64(): string };
  return `data:${type || "application/octet-stream"};base64,${apply(toBase64, bytes, [])}`;
}

/** In the encoding that the bytes begin with a mark of, else in that of the first label that names one. */
function decoded(bytes: Bytes, labels: readonly (string | undefined)[]): string {
  const marked = bytes[0] === 0xfe && bytes[1] === 0xff
    ? "utf-16be"
    : bytes[0] === 0xff && bytes[1] === 0xfe
    ? "utf-16le"
    : bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    ? "utf-8"
    : undefined;
  const label = [marked, ...labels].find((label) => label !== undefined && encodingOf(label) !== undefined);
  return new TextDecoder(label).decode(bytes);
}

const charsetOf = (type: string): string | undefined => /;\s*charset="?([^\s;"]+)/i.exec(type)?.[1];

export class FileReader extends EventTarget {
  #state: number = STATES.EMPTY;
  #result: Result = null;
  /** Grows with every read and abort: the events of an earlier one come no more. */
  #turn = 0;
  readonly #handlers = new Map<string, Handler>();

  get readyState(): number {
    return this.#state;
  }
  get result(): Result {
    return this.#result;
  }
  get error(): DOMException | null {
    return null;
  }

  readAsArrayBuffer(blob: Blob): void {
    this.#read(blob, (bytes) => bytes.slice().buffer);
  }
  readAsBinaryString(blob: Blob): void {
    this.#read(blob, binaryString);
  }
  readAsDataURL(blob: Blob): void {
    this.#read(blob, (bytes) => dataUrl(bytes, blob.type));
  }
  readAsText(blob: Blob, encoding?: string): void {
    const label = encoding === undefined ? undefined : `${encoding}`;
    this.#read(blob, (bytes) => decoded(bytes, [label, charsetOf(blob.type)]));
  }

  abort(): void {
    this.#result = null;
    if (this.#state !== STATES.LOADING) return;
    this.#state = STATES.DONE;
    const turn = ++this.#turn;
    this.#fire("abort", 0);
    if (turn === this.#turn) this.#fire("loadend", 0);
  }

  #read(blob: Blob, read: (bytes: Bytes) => Result): void {
    if (!isBlob(blob)) throw new TypeError("Cannot read what is no Blob");
    if (this.#state === STATES.LOADING) {
      throw domException("InvalidStateError", "Cannot read: this reader is reading another Blob");
    }
    this.#state = STATES.LOADING;
    this.#result = null;
    const { size } = blob;
    const steps = [() => this.#fire("loadstart", 0, size)];
    if (size > 0) steps.push(() => this.#fire("progress", size, size));
    steps.push(() => {
      this.#result = read(blobBytes(blob));
      this.#state = STATES.DONE;
      this.#fire("load", size, size);
    });
    steps.push(() => this.#fire("loadend", size, size));
    this.#inTurn(steps, ++this.#turn);
  }

  /** Each in a task of its own. */
  #inTurn([step, ...later]: (() => void)[], turn: number): void {
    setTimeout(() => {
      if (turn !== this.#turn) return;
      step();
      if (later.length > 0) this.#inTurn(later, turn);
    }, 0);
  }

  #fire(type: string, loaded: number, total = 0): void {
    this.dispatchEvent(trusted(new ProgressEvent(type, { lengthComputable: total > 0, loaded, total })));
  }

  #setHandler(type: string, handler: Handler): void {
    if (!this.#handlers.has(type)) {
      this.addEventListener(type, (event) => {
        const current = this.#handlers.get(type);
        if (typeof current === "function") apply(current, this, [event]);
      });
    }
    this.#handlers.set(type, typeof handler === "function" ? handler : null);
  }

  static {
    for (const type of EVENTS) {
      Object.defineProperty(this.prototype, `on${type}`, {
        configurable: true,
        get(this: FileReader): Handler {
          return this.#handlers.get(type) ?? null;
        },
        set(this: FileReader, handler: Handler) {
          this.#setHandler(type, handler);
        },
      });
    }
  }
}
defineConstants(FileReader, STATES);
