/**
 * Who may run, and who waits: limits per function, per tenant and for the server, and one bounded queue per function.
 * It is pure: it knows no clock, no timers and no sandboxes.
 */

export interface GateLimits {
  readonly concurrency: number;
  readonly queue: number;
}

export type Refusal = "function" | "tenant" | "server";

/** One function's place in the line. */
export class Gate {
  running = 0;
  readonly waiting = new Line<Waiter>();
  /** Bytes that one more sandbox is expected to need. */
  weight = 0;

  constructor(readonly tenant: TenantGate, public limits: GateLimits) {}
}

export class TenantGate {
  running = 0;
  waiting = 0;
  /** Functions that have somebody waiting, in the order in which they are served. */
  readonly turns = new Line<Gate>();

  constructor(readonly name: string, public limits: GateLimits) {}
}

export interface Waiter {
  /** Called once, when it may run. It must come back before it runs anything. */
  admit(): void;
}

export class Admission {
  running = 0;
  waiting = 0;
  /** Expected bytes of all that runs. */
  weight = 0;
  readonly #turns = new Line<TenantGate>();

  constructor(public limits: GateLimits & { readonly memoryBytes: number }) {}

  /** Takes a place at once, if there is one and nobody of the same function waits for it already. */
  tryEnter(gate: Gate): boolean {
    if (gate.waiting.size > 0 || this.#obstacle(gate) !== null) return false;
    this.#take(gate);
    return true;
  }

  /** Queues behind the others; a refusal names whose limit is reached. */
  wait(gate: Gate, waiter: Waiter): Refusal | null {
    const obstacle = this.#obstacle(gate) ?? "function";
    if (gate.waiting.size >= gate.limits.queue) return obstacle;
    if (gate.tenant.waiting >= gate.tenant.limits.queue) return obstacle === "function" ? "tenant" : obstacle;
    if (this.waiting >= this.limits.queue) return "server";
    if (gate.waiting.size === 0) {
      if (gate.tenant.turns.size === 0) this.#turns.push(gate.tenant);
      gate.tenant.turns.push(gate);
    }
    gate.waiting.push(waiter);
    gate.tenant.waiting++;
    this.waiting++;
    return null;
  }

  /** A waiter gave up, and its place in the line is free. One that was admitted meanwhile, or gave up before, has none. */
  giveUp(gate: Gate, waiter: Waiter): void {
    if (gate.waiting.remove(waiter)) this.#unqueued(gate);
  }

  leave(gate: Gate, weight: number): void {
    gate.running--;
    gate.tenant.running--;
    this.running--;
    this.weight -= weight;
    while (this.waiting > 0 && this.#admitNext());
  }

  /** What keeps one more of this function from running; null: nothing. */
  #obstacle(gate: Gate): Refusal | null {
    if (gate.running >= gate.limits.concurrency) return "function";
    if (gate.tenant.running >= gate.tenant.limits.concurrency) return "tenant";
    if (this.running >= this.limits.concurrency) return "server";
    if (this.running > 0 && this.weight + gate.weight > this.limits.memoryBytes) return "server";
    return null;
  }

  #take(gate: Gate): void {
    gate.running++;
    gate.tenant.running++;
    this.running++;
    this.weight += gate.weight;
  }

  /** In turn between tenants, and within a tenant between functions: a flood waits behind itself only. */
  #admitNext(): boolean {
    for (let tenants = this.#turns.size; tenants > 0; tenants--) {
      const tenant = this.#turns.shift()!;
      let served = false;
      for (let gates = tenant.turns.size; gates > 0 && !served; gates--) {
        const gate = tenant.turns.shift()!;
        if (gate.waiting.size === 0) continue;
        if (this.#obstacle(gate) === null) {
          const waiter = gate.waiting.shift()!;
          gate.tenant.waiting--;
          this.waiting--;
          this.#take(gate);
          served = true;
          if (gate.waiting.size > 0) tenant.turns.push(gate);
          waiter.admit();
        } else {
          tenant.turns.push(gate);
        }
      }
      if (tenant.turns.size > 0) this.#turns.push(tenant);
      if (served) return true;
    }
    return false;
  }

  #unqueued(gate: Gate): void {
    gate.tenant.waiting--;
    this.waiting--;
    if (gate.waiting.size > 0) return;
    gate.tenant.turns.remove(gate);
    if (gate.tenant.turns.size === 0) this.#turns.remove(gate.tenant);
  }
}

/** From here on the places of those that are gone are given back. */
const MOST_GONE = 32;

/**
 * First in, first out; removal keeps the order. Who gives up is mostly among the first, and found at once. (A Set keeps those
 * that left alive, see Crowd.)
 */
class Line<T> {
  #items: (T | undefined)[] = [];
  /** All before are gone. */
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#size++;
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (item !== undefined) this.#leave(this.#first);
    return item;
  }

  /** False: it was not there. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#first);
    if (at < 0) return false;
    this.#leave(at);
    return true;
  }

  #leave(at: number): void {
    this.#items[at] = undefined;
    this.#size--;
    const { length } = this.#items;
    while (this.#first < length && this.#items[this.#first] === undefined) this.#first++;
    if (this.#first < MOST_GONE || this.#first * 2 < length) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}
