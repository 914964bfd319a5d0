/** Values as text, for the log: in the way Deno's console shows them. */
import { attempt, describeError, isError } from "./error_text.ts";
import { native, PromiseState } from "./native.ts";

const DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_STRING = 10_000;
const LINE_WIDTH = 80;
const MARGIN = 10;
/** On one line. */
const MAX_LEVELS = 3;
const CUSTOM = Symbol.for("Deno.customInspect");
/** As Deno has it: for the interfaces of the library itself. */
export const PRIVATE_CUSTOM = Symbol.for("Deno.privateCustomInspect");

interface Options {
  depth: number;
}

class Inspection {
  /** The objects that the current one is inside of. */
  readonly #path: object[] = [];
  /** How deep the object was that was shown last. */
  #lastDepth = 0;
  /** Those that are shown inside themselves, in the order in which that was found. */
  readonly #circular: object[] = [];
  constructor(readonly depth: number) {}

  value(value: unknown): string {
    switch (typeof value) {
      case "string":
        return quote(value);
      case "bigint":
        return `${value}n`;
      case "number":
        return Object.is(value, -0) ? "-0" : `${value}`;
      case "object":
        return value === null ? "null" : this.#object(value);
      case "function":
        return this.#object(value);
      default:
        return String(value);
    }
  }

  #object(object: object): string {
    if (this.#path.includes(object)) {
      if (!this.#circular.includes(object)) this.#circular.push(object);
      return `[Circular *${this.#circular.indexOf(object) + 1}]`;
    }
    const target = native.proxyTarget(object);
    if (target !== undefined) return this.value(target);
    this.#path.push(object);
    if (!this.#isTooDeep()) this.#lastDepth = this.#path.length;
    const text = attempt(() => this.#custom(object) ?? this.#known(object), "[an object that cannot be shown]");
    this.#path.pop();
    const index = this.#circular.indexOf(object);
    return index < 0 ? text : `<ref *${index + 1}> ${text}`;
  }

  #custom(object: object): string | undefined {
    const methods = object as Record<symbol, unknown>;
    const method = methods[PRIVATE_CUSTOM] ?? methods[CUSTOM];
    if (typeof method !== "function") return undefined;
    const show = (value: unknown) => this.value(value);
    const shown = method.call(object, show, { depth: this.depth - this.#path.length + 1 } satisfies Options);
    return typeof shown === "string" ? shown : this.value(shown);
  }

  #known(object: object): string {
    if (typeof object === "function") return this.#withProperties(functionName(object), object);
    if (isError(object)) return this.#error(object);
    const name = classNameOf(object);
    switch (native.className(object)) {
      case "Array":
        return this.#array(object as unknown[], name);
      case "Map":
        return this.#map(object as Map<unknown, unknown>, name);
      case "Set":
        return this.#set(object as Set<unknown>, name);
      case "Date":
        return this.#withProperties(attempt(() => (object as Date).toISOString(), "Invalid Date"), object);
      case "RegExp":
        return this.#withProperties(String(object), object);
      case "Promise":
        return this.#promise(object as Promise<unknown>);
      case "ArrayBuffer":
        return this.#arrayBuffer(object as ArrayBuffer, name);
      case "Arguments":
        return `[Arguments] ${this.#plain(object, "Object")}`;
      case "WeakMap":
      case "WeakSet":
        return `${name} { <items unknown> }`;
      case "Number":
      case "String":
      case "Boolean":
      case "BigInt":
      case "Symbol":
        return `[${name}: ${this.value((object as { valueOf(): unknown }).valueOf())}]`;
    }
    if (ArrayBuffer.isView(object)) {
      if (!(object instanceof DataView)) return this.#array(object as unknown as unknown[], name, true);
      const { byteLength, byteOffset, buffer } = object;
      return `${name} ${this.value({ byteLength, byteOffset, buffer })}`;
    }
    return this.#plain(object, name);
  }

  #isTooDeep(): boolean {
    return this.#path.length > this.depth + 1;
  }

  #plain(object: object, name: string): string {
    const isPlain = name === "Object";
    if (this.#isTooDeep()) return `[${name}]`;
    const tag = attempt(() => (object as Record<symbol, unknown>)[Symbol.toStringTag], undefined);
    const shownTag = typeof tag === "string" && tag !== "" && tag !== name ? ` [${tag}]` : "";
    const prefix = isPlain && shownTag === "" ? "" : `${name}${shownTag} `;
    return this.#wrap(prefix, "{", this.#properties(object), "}");
  }

  #array(array: ArrayLike<unknown>, name: string, typed = false): string {
    const prefix = name === "Array" && !typed ? "" : `${name}(${array.length}) `;
    if (this.#isTooDeep()) return `[${name}]`;
    const items: string[] = [];
    const count = Math.min(array.length, MAX_ITEMS);
    for (let i = 0; i < count; i++) {
      let empty = 0;
      while (i + empty < array.length && !typed && !(i + empty in array)) empty++;
      if (empty > 0) {
        items.push(empty === 1 ? "<1 empty item>" : `<${empty} empty items>`);
        i += empty - 1;
      } else items.push(this.value(array[i]));
    }
    const rest = array.length > MAX_ITEMS ? [more(array.length - MAX_ITEMS)] : [];
    const all = [...items, ...rest, ...this.#properties(array, isIndex)];
    if (all.length <= FEW) return this.#wrap(prefix, "[", all, "]");
    const rows = inColumns(items, LINE_WIDTH - 2 * this.#path.length, typeof array[0] === "number" || typed);
    return rows.length === items.length
      ? this.#wrap(prefix, "[", all, "]")
      : lines(prefix, "[", [...rows, ...all.slice(items.length)], "]");
  }

  #map(map: Map<unknown, unknown>, name: string): string {
    if (this.#isTooDeep()) return `[${name}]`;
    const items: string[] = [];
    for (const [key, value] of Map.prototype.entries.call(map)) {
      if (items.length === MAX_ITEMS) break;
      items.push(`${this.value(key)} => ${this.value(value)}`);
    }
    if (map.size > MAX_ITEMS) items.push(more(map.size - MAX_ITEMS));
    return this.#wrap(`${name}(${map.size}) `, "{", [...items, ...this.#properties(map)], "}");
  }

  #set(set: Set<unknown>, name: string): string {
    if (this.#isTooDeep()) return `[${name}]`;
    const items: string[] = [];
    for (const value of Set.prototype.values.call(set)) {
      if (items.length === MAX_ITEMS) break;
      items.push(this.value(value));
    }
    if (set.size > MAX_ITEMS) items.push(more(set.size - MAX_ITEMS));
    return this.#wrap(`${name}(${set.size}) `, "{", [...items, ...this.#properties(set)], "}");
  }

  #promise(promise: Promise<unknown>): string {
    const state = native.promiseState(promise);
    if (state === PromiseState.PENDING) return "Promise { <pending> }";
    const result = this.value(native.promiseResult(promise));
    return this.#wrap("Promise ", "{", [state === PromiseState.REJECTED ? `<rejected> ${result}` : result], "}");
  }

  #arrayBuffer(buffer: ArrayBuffer, name: string): string {
    const bytes = [...new Uint8Array(buffer).subarray(0, MAX_ITEMS)].map((byte) => byte.toString(16).padStart(2, "0"));
    const rest = buffer.byteLength > MAX_ITEMS ? ` ... ${buffer.byteLength - MAX_ITEMS} more bytes` : "";
    return this.#wrap(`${name} `, "{", [
      `[Uint8Contents]: <${bytes.join(" ")}${rest}>`,
      `byteLength: ${buffer.byteLength}`,
    ], "}");
  }

  #error(error: Error): string {
    const text = describeError(error, (value) => this.value(value));
    const properties = this.#properties(error, (key) => ERROR_KEYS.includes(key as string));
    return properties.length === 0 ? text : this.#wrap(`${text} `, "{", properties, "}");
  }

  /** On one line when it fits there and has few levels below, else an item a line. */
  #wrap(prefix: string, open: string, items: string[], close: string): string {
    if (items.length === 0) return `${prefix}${open}${close}`;
    const levels = this.#lastDepth - this.#path.length;
    const indent = 2 * (this.#path.length - 1);
    const length = items.reduce((sum, item) => sum + item.length + 2, indent + prefix.length + open.length + MARGIN);
    const isShort = levels < MAX_LEVELS && length <= LINE_WIDTH && !items.some((item) => item.includes("\n"));
    return isShort ? `${prefix}${open} ${items.join(", ")} ${close}` : lines(prefix, open, items, close);
  }

  /** What is no plain object, with the properties that somebody gave it. */
  #withProperties(text: string, object: object): string {
    const properties = this.#properties(object);
    return properties.length === 0 ? text : this.#wrap(`${text} `, "{", properties, "}");
  }

  #properties(object: object, isHidden: (key: PropertyKey) => boolean = () => false): string[] {
    const shown: string[] = [];
    for (const key of Reflect.ownKeys(object)) {
      if (isHidden(key)) continue;
      const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
      if (!descriptor?.enumerable) continue;
      if (shown.length === MAX_ITEMS) {
        shown.push("...");
        break;
      }
      shown.push(`${keyText(key)}: ${this.#property(descriptor)}`);
    }
    return shown;
  }

  #property({ get, set, value }: PropertyDescriptor): string {
    if (get && set) return "[Getter/Setter]";
    if (get || set) return get ? "[Getter]" : "[Setter]";
    return this.value(value);
  }
}

const ERROR_KEYS = ["stack", "message", "cause", "errors", "name"];
const isIndex = (key: PropertyKey): boolean => typeof key === "string" && /^\d+$/.test(key);
const more = (count: number): string => `... ${count} more item${count === 1 ? "" : "s"}`;
const keyText = (key: PropertyKey): string =>
  typeof key === "symbol" ? String(key) : /^[a-zA-Z_$][\w$]*$/.test(key as string) ? String(key) : quote(String(key));

/** In the quotes that need no escapes. */
function quote(text: string): string {
  const cut = text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}...` : text;
  const mark = !cut.includes('"') ? '"' : !cut.includes("'") ? "'" : !cut.includes("`") ? "`" : '"';
  const escaped = JSON.stringify(cut).slice(1, -1);
  return mark + (mark === '"' ? escaped : escaped.replaceAll('\\"', '"')) + mark;
}

function functionName(value: object): string {
  const source = attempt(() => Function.prototype.toString.call(value), "");
  const name = attempt(() => String((value as { name?: unknown }).name ?? ""), "");
  if (source.startsWith("class")) {
    const parent = attempt(() => Object.getPrototypeOf(value).name, "");
    return `[class ${name || "(anonymous)"}${parent ? ` extends ${parent}` : ""}]`;
  }
  const kind = attempt(() => (value as unknown as Record<symbol, unknown>)[Symbol.toStringTag], undefined) ??
    "Function";
  return name ? `[${kind}: ${name}]` : `[${kind} (anonymous)]`;
}

/** Of its class, as its prototype has it. */
function classNameOf(object: object): string {
  for (
    let prototype = Object.getPrototypeOf(object);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const constructor = Reflect.getOwnPropertyDescriptor(prototype, "constructor")?.value;
    if (typeof constructor === "function" && constructor.name) return constructor.name;
  }
  const name = native.className(object);
  return `[${name}: null prototype]`;
}

const lines = (prefix: string, open: string, items: string[], close: string): string =>
  `${prefix}${open}\n${items.map((item) => `  ${item.replaceAll("\n", "\n  ")}`).join(",\n")}\n${close}`;

/** Arrays of more are set in columns. */
const FEW = 6;
const MAX_COLUMNS = 15;
/** A character is so much higher than wide: for a block that looks square. */
const CHARACTER_RATIO = 2.5;

/** Rows of items below each other; the items themselves when they are too wide for that. */
function inColumns(items: string[], width: number, alignRight: boolean): string[] {
  const SEPARATOR = ", ".length;
  const widths = items.map((item) => item.length + SEPARATOR);
  const widest = Math.max(...widths);
  const total = widths.reduce((sum, width) => sum + width, 0);
  const isEven = total / widest > 5 || widest <= FEW + SEPARATOR;
  if (widest * 3 >= width || !isEven || items.some((item) => item.includes("\n"))) return items;
  const typical = Math.max(widest - 3 - Math.sqrt(widest - total / items.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(CHARACTER_RATIO * typical * items.length) / typical),
    Math.floor(width / widest),
    4 * MAX_LEVELS,
    MAX_COLUMNS,
  );
  if (columns <= 1) return items;
  const columnWidths = Array.from(
    { length: columns },
    (_, column) => Math.max(...widths.filter((_, i) => i % columns === column)),
  );
  const rows: string[] = [];
  for (let start = 0; start < items.length; start += columns) {
    const row = items.slice(start, start + columns).map((item, column, { length }) => {
      const isLast = column === length - 1;
      const cell = isLast ? item : `${item}, `;
      const cellWidth = columnWidths[column] - (isLast ? SEPARATOR : 0);
      return alignRight ? cell.padStart(cellWidth) : isLast ? cell : cell.padEnd(cellWidth);
    });
    rows.push(row.join(""));
  }
  return rows;
}

export function inspect(value: unknown, { depth = DEPTH }: Partial<Options> = {}): string {
  return new Inspection(depth).value(value);
}

/** For a message that names a value: short. */
export const brief = (value: unknown): string => {
  const text = inspect(value, { depth: 0 });
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
};
