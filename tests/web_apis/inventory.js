/**
 * What is global, and what its members are: evaluated in a sandbox and in plain Deno. It is JavaScript because its source
 * goes into the sandbox as it is.
 */

const isPrivate = (key) => typeof key === "symbol" || !/^[a-zA-Z]\w*$/.test(key) || key === "constructor";
const OF_FUNCTIONS = ["length", "name", "prototype", "caller", "arguments"];

const keysOf = (object) => Reflect.ownKeys(object).filter((key) => !isPrivate(key));

/** Of an object, with what it inherits. */
function membersOf(object) {
  const found = new Set();
  for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of keysOf(at)) found.add(key);
  }
  return [...found].sort();
}

function describe(value) {
  if (typeof value === "function") {
    const statics = keysOf(value).filter((key) => !OF_FUNCTIONS.includes(key)).map((key) => `static ${key}`);
    const members = value.prototype && typeof value.prototype === "object" ? keysOf(value.prototype) : [];
    return [...members, ...statics].sort();
  }
  return typeof value === "object" && value !== null ? membersOf(value) : [];
}

/** From each global's name to its members. */
export function inventory() {
  const names = Object.getOwnPropertyNames(globalThis).filter((name) => !name.startsWith("_")).sort();
  return Object.fromEntries(names.map((name) => [name, describe(globalThis[name])]));
}
