/** Messages between the parts of one sandbox. */
import { Event, type EventInit, EventTarget, trusted } from "./events.ts";
import { dictionary } from "./dictionary.ts";
import { domException } from "./dom_exception.ts";
import { apply, push, shift } from "./primordials.ts";
import { cloneWithTransfer, onPortTransfer } from "./structured_clone.ts";
import { setTimeout } from "./timers.ts";

interface MessageEventInit extends EventInit {
  data?: unknown;
  origin?: string;
  lastEventId?: string;
  source?: unknown;
  ports?: Iterable<MessagePort>;
}

export class MessageEvent extends Event {
  readonly #data: unknown;
  readonly #origin: string;
  readonly #lastEventId: string;
  readonly #source: unknown;
  readonly #ports: readonly MessagePort[];

  constructor(type: string, init?: MessageEventInit) {
    if (arguments.length === 0) throw new TypeError("Cannot make an event: it needs a type");
    super(type, init);
    const { data = null, origin = "", lastEventId = "", source = null, ports = [] } = dictionary(init);
    this.#data = data;
    this.#origin = `${origin}`;
    this.#lastEventId = `${lastEventId}`;
    this.#source = source;
    this.#ports = Object.freeze([...ports]);
  }

  get data(): unknown {
    return this.#data;
  }
  get origin(): string {
    return this.#origin;
  }
  get lastEventId(): string {
    return this.#lastEventId;
  }
  get source(): unknown {
    return this.#source;
  }
  get ports(): readonly MessagePort[] {
    return this.#ports;
  }
}

interface Message {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}

/** One end of a channel. It may move from port to port; what was sent to it goes along. */
class End {
  other: End | null = null;
  /** null: the port that had it was transferred, and nobody has taken it over. */
  port: MessagePort | null = null;
  started = false;
  readonly queue: Message[] = [];

  send(message: Message): void {
    const { other } = this;
    if (other === null) return;
    push(other.queue, message);
    if (other.started) other.schedule();
  }

  start(): void {
    if (this.started) return;
    this.started = true;
    for (let i = 0; i < this.queue.length; i++) this.schedule();
  }

  /** Each message is a task of its own. */
  schedule(): void {
    setTimeout(() => {
      if (!this.started || this.port === null) return;
      const message = shift(this.queue);
      if (message) deliver(this.port, message);
    }, 0);
  }

  close(): void {
    if (this.other !== null) this.other.other = null;
    this.other = null;
  }
}

function deliver(port: MessagePort, { data, ports }: Message): void {
  port.dispatchEvent(trusted(new MessageEvent("message", { data, ports })));
}

function transferList(given: Iterable<unknown> | { transfer?: Iterable<unknown> } | undefined): unknown[] {
  const options = dictionary(given);
  return [...(Symbol.iterator in options ? options : options.transfer ?? [])];
}

const INTERNAL = Symbol("a port of the engine's own");
let endOf: (port: MessagePort) => End | null;

type Handler = ((event: Event) => void) | null;

export class MessagePort extends EventTarget {
  /** null: it was transferred. */
  #end: End | null;
  readonly #handlers = new Map<string, Handler>();

  constructor(secret?: symbol, end?: End) {
    if (secret !== INTERNAL) throw new TypeError("Illegal constructor");
    super();
    this.#end = end!;
    end!.port = this;
  }

  postMessage(message: unknown, transferOrOptions?: Iterable<unknown> | { transfer?: Iterable<unknown> }): void {
    if (arguments.length === 0) throw new TypeError("Cannot post nothing");
    const transfer = transferList(transferOrOptions);
    if (transfer.includes(this)) throw domException("DataCloneError", "Cannot transfer a port over itself");
    const { copy, transferred } = cloneWithTransfer(message, transfer);
    this.#end?.send({ data: copy, ports: transferred.filter((item) => item instanceof MessagePort) });
  }

  start(): void {
    this.#end?.start();
  }

  close(): void {
    this.#end?.close();
  }

  get onmessage(): Handler {
    return this.#handlers.get("message") ?? null;
  }
  set onmessage(handler: Handler) {
    this.#setHandler("message", handler);
    this.start();
  }
  get onmessageerror(): Handler {
    return this.#handlers.get("messageerror") ?? null;
  }
  set onmessageerror(handler: Handler) {
    this.#setHandler("messageerror", handler);
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
    endOf = (port) => port.#end;
    onPortTransfer({
      isPort: (value) => typeof value === "object" && value !== null && #end in value,
      isDetached: (port) => (port as MessagePort).#end === null,
      transfer: (port) => {
        const end = (port as MessagePort).#end!;
        (port as MessagePort).#end = null;
        end.started = false;
        return newPort(end);
      },
    });
  }
}

const newPort = (end: End): MessagePort => new MessagePort(INTERNAL, end);

export class MessageChannel {
  readonly #port1 = newPort(new End());
  readonly #port2 = newPort(new End());

  constructor() {
    const [first, second] = [endOf(this.#port1)!, endOf(this.#port2)!];
    first.other = second;
    second.other = first;
  }

  get port1(): MessagePort {
    return this.#port1;
  }
  get port2(): MessagePort {
    return this.#port2;
  }
}
