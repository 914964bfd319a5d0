import type { Clock } from "../../clock.ts";
import { CRYPTO_BOUNDS } from "./bounds.ts";
import { ByteBudget } from "./budget.ts";
import { compute, isLong } from "./compute.ts";
import { Gate } from "../gate.ts";
import { CryptoOperation } from "./operations.ts";
import { joined } from "./parts.ts";
import { CryptoThread } from "./thread.ts";
import { Transfers, wordAt } from "./transfers.ts";
import type { Host, HostCaller, HostSession } from "../host.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What all sandboxes share. */
interface Shared {
  readonly clock: Clock;
  /** For what is over in milliseconds; and for what is not, so that the others need not wait behind it. */
  readonly short: Gate;
  readonly long: Gate;
  readonly budget: ByteBudget;
  readonly thread: CryptoThread;
}

/** Web Crypto for guests: Deno's own, with bounds, in turn, and charged to who asked. */
export class CryptoHost {
  readonly #shared: Shared;

  constructor({ clock, cores }: { clock: Clock; cores: number }) {
    this.#shared = {
      clock,
      short: new Gate(cores, CRYPTO_BOUNDS.waiting),
      long: new Gate(Math.max(1, cores - 1), CRYPTO_BOUNDS.waiting),
      budget: new ByteBudget(CRYPTO_BOUNDS.heldBytes),
      thread: new CryptoThread(),
    };
  }

  readonly open: Host = (caller) => new CryptoSession(caller, this.#shared);

  /** What guests have it hold now. */
  get heldBytes(): number {
    return this.#shared.budget.held;
  }

  close(): void {
    this.#shared.thread.close();
  }
}

const NOTHING = new Uint8Array();

class CryptoSession implements HostSession {
  readonly #caller: HostCaller;
  readonly #shared: Shared;
  readonly #line: string;
  readonly #budget: ByteBudget;
  readonly #transfers: Transfers;
  #closed = false;

  constructor(caller: HostCaller, shared: Shared) {
    this.#caller = caller;
    this.#shared = shared;
    this.#line = `${caller.function.tenant}/${caller.function.name}`;
    this.#budget = new ByteBudget(CRYPTO_BOUNDS.heldBytesPerSandbox, shared.budget);
    this.#transfers = new Transfers(this.#budget);
  }

  async call(operation: number, argument: Bytes): Promise<Bytes> {
    switch (operation) {
      case CryptoOperation.UPLOAD:
        this.#transfers.upload(argument);
        return NOTHING;
      case CryptoOperation.RUN:
        return await this.#run(wordAt(argument, 0), wordAt(argument, 4));
      case CryptoOperation.DOWNLOAD:
        return this.#transfers.download(argument);
      default:
        return await this.#compute(operation, [argument], argument.length);
    }
  }

  close(): void {
    this.#closed = true;
    this.#shared.short.forget(this);
    this.#shared.long.forget(this);
    this.#transfers.close();
  }

  async #run(id: number, operation: number): Promise<Bytes> {
    const { pieces, length } = this.#transfers.take(id);
    const answer = await this.#compute(operation, pieces, length);
    if (this.#closed) return NOTHING;
    return this.#transfers.offer(id, answer);
  }

  async #compute(operation: number, pieces: readonly Bytes[], length: number): Promise<Bytes> {
    const gate = isLong(operation, pieces[0]) ? this.#shared.long : this.#shared.short;
    this.#budget.hold(length);
    try {
      return await gate.run(this.#line, this, () => this.#charged(operation, pieces, length));
    } finally {
      this.#budget.release(length);
    }
  }

  async #charged(operation: number, pieces: readonly Bytes[], length: number): Promise<Bytes> {
    const { clock, thread } = this.#shared;
    const startedMs = clock.monotonic();
    try {
      return length > CRYPTO_BOUNDS.inlineBytes
        ? await thread.compute(operation, pieces)
        : await compute(operation, pieces.length === 1 ? pieces[0] : joined(pieces));
    } finally {
      if (!this.#closed) this.#caller.charge(clock.monotonic() - startedMs);
    }
  }
}
