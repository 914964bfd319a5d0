import { addInterface } from "./platform_objects.ts";

/** Puts an interface where WebIDL has it: a global that is not enumerable, with members that are. */

// deno-lint-ignore no-explicit-any
type AnyClass = abstract new (...args: any[]) => unknown;

function showMembers(target: object): void {
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
    if (key === "constructor" || key === "prototype" || key === "name" || key === "length") continue;
    if (descriptor.configurable) Object.defineProperty(target, key, { enumerable: true });
  }
}

export function publishValue(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
}

export function publishFunctions(functions: Record<string, (...args: never[]) => unknown>): void {
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(value, "name", { value: name, configurable: true });
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** The bundler may have renamed what had a name that was taken: its public name is the one given here. */
export function publishClass(name: string, constructor: AnyClass): void {
  Object.defineProperty(constructor, "name", { value: name, configurable: true });
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });
  showMembers(constructor.prototype);
  showMembers(constructor);
  addInterface(constructor.prototype);
  publishValue(name, constructor);
}

/** Constants are on the interface and on its prototype. */
export function defineConstants(constructor: AnyClass, constants: Record<string, number>): void {
  for (const [key, value] of Object.entries(constants)) {
    for (const target of [constructor, constructor.prototype]) {
      Object.defineProperty(target, key, { value, enumerable: true });
    }
  }
}
