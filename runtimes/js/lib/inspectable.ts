/** How the library's own interfaces look in the log: by the members that matter. */
import { PRIVATE_CUSTOM } from "./inspect.ts";

type Show = (value: unknown) => string;

function defineInspection(prototype: object, inspect: (this: never, show: Show, options: { depth: number }) => string) {
  Object.defineProperty(prototype, PRIVATE_CUSTOM, { value: inspect, writable: true, configurable: true });
}

const nameOf = (object: object): string => object.constructor?.name ?? "Object";

/** `Blob { size: 1, type: "" }` */
export function showMembers(prototype: object, keys: readonly string[]): void {
  defineInspection(prototype, function (this: Record<string, unknown>, show, { depth }) {
    if (depth < 0) return `[${nameOf(this)}]`;
    return `${nameOf(this)} ${show(Object.fromEntries(keys.map((key) => [key, this[key]])))}`;
  });
}

/** `Headers { a: "1" }` */
export function showAsObject(prototype: object): void {
  defineInspection(prototype, function (this: Iterable<[string, unknown]> & object, show) {
    return `${nameOf(this)} ${show(Object.fromEntries(this))}`;
  });
}

/** `URLSearchParams { "a" => "1" }` */
export function showAsMap(prototype: object): void {
  defineInspection(prototype, function (this: Iterable<[string, unknown]> & object, show) {
    const [, shown] = show(new Map(this)).split(/(?<=^Map\(\d+\)) /s);
    return `${nameOf(this)} ${shown}`;
  });
}
