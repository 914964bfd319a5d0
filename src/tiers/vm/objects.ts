import { CellOperation } from "../../../ffi/layout.ts";
import { type CellRequest } from "./requests.ts";
import { type StoredSnapshot, type StoredView, viewsOf } from "./stored.ts";

/** Asks the cell for something about a file, or none. */
export type Ask = (request: CellRequest, file?: string) => Promise<unknown>;

interface Known {
  readonly number: number;
  /** Rejects when the cell cannot use it. */
  readonly ready: Promise<number>;
  readonly uses: readonly Known[];
  users: number;
  readonly stored: StoredSnapshot | StoredView;
}

/** What a cell has, by number: each is brought there once, and dropped when nothing uses it. */
export class Objects {
  readonly #ask: Ask;
  readonly #logBytes: number;
  readonly #known = new Map<StoredSnapshot | StoredView, Known>();
  #last = 0;

  constructor(ask: Ask, logBytes: number) {
    this.#ask = ask;
    this.#logBytes = logBytes;
  }

  /** A number that nothing else has. */
  next(): number {
    return ++this.#last;
  }

  /** The numbers of views, brought there if need be; they stay until the cell ends. */
  async views(views: readonly StoredView[]): Promise<number[]> {
    return await Promise.all(views.map((view) => this.#use(this.#view(view)).ready));
  }

  /** The number of a snapshot, which stays until it is dropped. */
  snapshot(stored: StoredSnapshot): Promise<number> {
    return this.#snapshot(stored).ready;
  }

  /** The snapshot with that number, if it is one. */
  byNumber(number: number): StoredSnapshot | null {
    for (const known of this.#known.values()) {
      if (known.number === number && "protocol" in known.stored) return known.stored;
    }
    return null;
  }

  /** It is not needed any more, nor is what it alone needed. */
  drop(stored: StoredSnapshot): void {
    const known = this.#known.get(stored);
    if (known) this.#forget(known);
  }

  #snapshot(stored: StoredSnapshot): Known {
    const known = this.#known.get(stored);
    if (known) return known;
    const { parent, protocol, tcpPort, file } = stored;
    const views = viewsOf(stored).map((view) => this.#use(this.#view(view)));
    const uses = parent === null ? views : [this.#use(this.#snapshot(parent)), ...views];
    const numbers = uses.map(({ number }) => number);
    return this.#add(stored, uses, (number) => {
      // Behind what it uses, which need not have come: the cell answers in order.
      const asked = this.#ask({
        operation: CellOperation.LOAD,
        object: number,
        parent: parent === null ? 0 : numbers[0],
        views: parent === null ? numbers : numbers.slice(1),
        protocol,
        tcpPort,
        logBytes: this.#logBytes,
      }, file);
      return Promise.all([...uses.map(({ ready }) => ready), asked]);
    });
  }

  #view(stored: StoredView): Known {
    return this.#known.get(stored) ??
      this.#add(
        stored,
        [],
        (object) => this.#ask({ operation: CellOperation.VIEW, object }, stored.file),
      );
  }

  #use(known: Known): Known {
    known.users++;
    return known;
  }

  #add(
    stored: StoredSnapshot | StoredView,
    uses: readonly Known[],
    bring: (number: number) => Promise<unknown>,
  ): Known {
    const number = this.next();
    const ready = bring(number).then(() => number);
    const known: Known = { number, ready, uses, users: 0, stored };
    this.#known.set(stored, known);
    // It can be tried again, and nobody has to wait for what failed.
    ready.catch(() => this.#forget(known, false));
    return known;
  }

  #forget(known: Known, isThere = true): void {
    if (this.#known.get(known.stored) !== known) return;
    this.#known.delete(known.stored);
    if (isThere) this.#ask({ operation: CellOperation.DROP, object: known.number }).catch(() => {});
    for (const used of known.uses) {
      if (--used.users === 0) this.#forget(used);
    }
  }
}
