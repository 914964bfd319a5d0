import { shared } from "../_shared/module.ts";

/** Ways to leave something behind, and how the next request would see it. Both are kept in one table, by name. */
interface Trace {
  leave(): unknown;
  /** What is there before anybody left anything is said by `clean`. */
  look(): unknown;
  readonly clean: unknown;
}

const anything = globalThis as unknown as Record<string, unknown>;
const proto = Object.prototype as unknown as Record<string, unknown>;
let moduleVariable = 0;
const atInit = { count: 1, list: ["a"] };
const cache = new Map<string, unknown>();
const weak = new WeakMap<object, unknown>();
const key = {};
class Counter {
  static total = 0;
}
const memoised = (() => {
  let value = 0;
  return { next: () => ++value, peek: () => value };
})();
const generator = (function* () {
  for (let n = 1;; n++) yield n;
})();
const pattern = /a/g;
const bytes = new Uint8Array(4096);
const originals = { stringify: JSON.stringify, push: Array.prototype.push, Response };

export const traces: Record<string, Trace> = {
  "a global variable": { leave: () => anything.left = 1, look: () => anything.left ?? null, clean: null },
  "a variable of the module": { leave: () => ++moduleVariable, look: () => moduleVariable, clean: 0 },
  "an object made at init": { leave: () => atInit.count++, look: () => atInit.count, clean: 1 },
  "a list made at init": { leave: () => atInit.list.push("b"), look: () => atInit.list.length, clean: 1 },
  "a Map made at init": { leave: () => cache.set("k", 1), look: () => cache.size, clean: 0 },
  "a WeakMap made at init": { leave: () => weak.set(key, 1), look: () => weak.has(key), clean: false },
  "a static field": { leave: () => ++Counter.total, look: () => Counter.total, clean: 0 },
  "a closure's variable": { leave: () => memoised.next(), look: () => memoised.peek(), clean: 0 },
  "a generator's position": { leave: () => generator.next(), look: () => generator.next().value, clean: 1 },
  "a regular expression's lastIndex": {
    leave: () => pattern.lastIndex = 3,
    look: () => pattern.lastIndex,
    clean: 0,
  },
  "bytes of a buffer made at init": { leave: () => bytes.fill(1), look: () => bytes[4000], clean: 0 },
  "an imported module's state": { leave: () => ++shared.count, look: () => shared.count, clean: 0 },
  "a property of Object.prototype": { leave: () => proto.left = 1, look: () => "left" in {}, clean: false },
  "a replaced method of Array.prototype": {
    leave: () => Array.prototype.push = () => 666,
    look: () => Array.prototype.push === originals.push,
    clean: true,
  },
  "a replaced JSON.stringify": {
    leave: () => JSON.stringify = () => '"poisoned"',
    look: () => JSON.stringify === originals.stringify,
    clean: true,
  },
  "a replaced Response": {
    leave: () => anything.Response = class extends Response {},
    look: () => anything.Response === originals.Response,
    clean: true,
  },
  "a replaced Promise.prototype.then": {
    leave: () => (Promise.prototype as unknown as Record<string, unknown>).then = undefined,
    look: () => typeof Promise.prototype.then,
    clean: "function",
  },
  "a deleted global": {
    leave: () => delete anything.setTimeout,
    look: () => typeof anything.setTimeout,
    clean: "function",
  },
  "a frozen Object.prototype": {
    leave: () => Object.freeze(Object.prototype),
    look: () => Object.isFrozen(Object.prototype),
    clean: false,
  },
  "a getter on globalThis": {
    leave: () => Object.defineProperty(globalThis, "trap", { get: () => 1 }),
    look: () => Object.hasOwn(globalThis, "trap"),
    clean: false,
  },
  "a timer that would fire later": {
    leave: () => setTimeout(() => anything.fired = 1, 1),
    look: () => new Promise((resolve) => setTimeout(() => resolve(anything.fired ?? null), 20)),
    clean: null,
  },
  "an interval": {
    leave: () => setInterval(() => anything.ticked = 1, 1),
    look: () => new Promise((resolve) => setTimeout(() => resolve(anything.ticked ?? null), 20)),
    clean: null,
  },
  "a promise that is rejected later": {
    leave: () => void new Promise((_, reject) => setTimeout(() => reject(new Error("late")), 1)),
    look: () => "well",
    clean: "well",
  },
  "a microtask that is still waiting": {
    leave: () => void Promise.resolve().then(() => Promise.resolve()).then(() => anything.later = 1),
    look: () => anything.later ?? null,
    clean: null,
  },
  "a symbol in the registry": {
    leave: () => anything[Symbol.for("left") as unknown as string] = 1,
    look: () => anything[Symbol.for("left") as unknown as string] ?? null,
    clean: null,
  },
  "a shadowed Math.random": {
    leave: () => Math.random = () => 0.5,
    look: () => Math.random() === Math.random(),
    clean: false,
  },
};

export default async (req: Request, { params }: { params: { what: string } }) => {
  const trace = traces[params.what];
  if (req.method === "GET") return new Response(originals.stringify(await trace.look()));
  trace.leave();
  return new Response("left");
};
