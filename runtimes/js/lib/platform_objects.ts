/** Which objects are the library's own: what they are is in private fields, and no copy of their properties has it. */
import { getPrototypeOf, weakSetAdd, weakSetHas } from "./primordials.ts";

const prototypes = new WeakSet<object>();

export function addInterface(prototype: object): void {
  weakSetAdd(prototypes, prototype);
}

/** Of a user's class that extends one, too. */
export function isPlatformObject(object: object): boolean {
  for (let next = getPrototypeOf(object); next !== null; next = getPrototypeOf(next)) {
    if (weakSetHas(prototypes, next)) return true;
  }
  return false;
}
