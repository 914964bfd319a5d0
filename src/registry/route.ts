import { isApp } from "../types.ts";
import type { FunctionEntry, RouteMatch } from "./function.ts";
import type { RoutePattern } from "./route_pattern.ts";

interface Leaf {
  readonly entry: FunctionEntry;
  /** Names of the parameters on the way here. */
  readonly params: readonly string[];
  /** It is an app, whatever its build comes to. */
  readonly isServer: boolean;
}

class Node {
  readonly fixed = new Map<string, Node>();
  param: Node | null = null;
  rest: Leaf | null = null;
  leaf: Leaf | null = null;

  get isEmpty(): boolean {
    return this.fixed.size === 0 && !this.param && !this.rest && !this.leaf;
  }
}

/**
 * The routes of one tenant. The most specific wins, segment by segment: a fixed one before a parameter before the
 * rest of the path before an app further up, and last what may become an app once it is built. Paths without parameters
 * are found in one look-up.
 */
export class RouteTable {
  readonly #exact = new Map<string, RouteMatch>();
  readonly #root = new Node();

  /** Takes the route for the function, or returns the function that has it. */
  add({ segments }: RoutePattern, entry: FunctionEntry, isServer = false): FunctionEntry | null {
    let node = this.#root;
    const params: string[] = [];
    for (const { kind, text } of segments) {
      if (kind !== "fixed") params.push(text);
      if (kind === "rest") {
        if (node.rest) return node.rest.entry;
        node.rest = { entry, params, isServer };
        return null;
      }
      node = kind === "fixed" ? child(node.fixed, text) : node.param ??= new Node();
    }
    if (node.leaf) return node.leaf.entry;
    node.leaf = { entry, params, isServer };
    if (params.length === 0) {
      const path = "/" + segments.map(({ text }) => text).join("/");
      this.#exact.set(path, { entry, params: null, mount: mountOf(path) });
    }
    return null;
  }

  /** Gives the route up, if it is this function's. */
  remove({ segments }: RoutePattern, entry: FunctionEntry): void {
    const way: Node[] = [this.#root];
    for (const { kind, text } of segments) {
      const node = way.at(-1)!;
      if (kind === "rest") {
        if (node.rest?.entry === entry) node.rest = null;
        return this.#prune(way, segments);
      }
      const next = kind === "fixed" ? node.fixed.get(text) : node.param;
      if (!next) return;
      way.push(next);
    }
    const node = way.at(-1)!;
    if (node.leaf?.entry !== entry) return;
    if (node.leaf.params.length === 0) this.#exact.delete("/" + segments.map(({ text }) => text).join("/"));
    node.leaf = null;
    this.#prune(way, segments);
  }

  match(path: string): RouteMatch | null {
    return this.#exact.get(path) ?? this.#walk(this.#root, path, 1, [], ownsBelow) ??
      this.#walk(this.#root, path, 1, [], mayOwnBelow);
  }

  /** `at` is where the next segment starts; `values` are the parameters' so far. */
  #walk(node: Node, path: string, at: number, values: string[], owns: (leaf: Leaf) => boolean): RouteMatch | null {
    if (at > path.length) return node.leaf && found(node.leaf, values, mountOf(path));
    const end = path.indexOf("/", at);
    const segment = end < 0 ? path.slice(at) : path.slice(at, end);
    const next = at + segment.length + 1;

    const fixed = node.fixed.get(segment);
    const match = fixed ? this.#walk(fixed, path, next, values, owns) : null;
    if (match) return match;
    if (node.param && segment !== "") {
      const match = this.#walk(node.param, path, next, [...values, segment], owns);
      if (match) return match;
    }
    if (node.rest) return found(node.rest, [...values, path.slice(at)], "");
    if (node.leaf && owns(node.leaf)) return found(node.leaf, values, mountOf(path.slice(0, at - 1)));
    return null;
  }

  #prune(way: Node[], segments: RoutePattern["segments"]): void {
    for (let at = way.length - 1; at > 0 && way[at].isEmpty; at--) {
      const { kind, text } = segments[at - 1];
      if (kind === "fixed") way[at - 1].fixed.delete(text);
      else way[at - 1].param = null;
    }
  }
}

function child(children: Map<string, Node>, text: string): Node {
  let node = children.get(text);
  if (!node) children.set(text, node = new Node());
  return node;
}

function ownsBelow({ entry: { active }, isServer }: Leaf): boolean {
  return active === null ? isServer : isApp(active.kind);
}

/** What a function owns is only known once it was built: until then, what nobody else has may be its. */
function mayOwnBelow(leaf: Leaf): boolean {
  return leaf.entry.active === null || ownsBelow(leaf);
}

/** An app at the root has no mount path to be taken off. */
const mountOf = (path: string): string => path === "/" ? "" : path;

/** No match when a parameter is not the encoding of any text. */
function found({ entry, params }: Leaf, values: readonly string[], mount: string): RouteMatch | null {
  if (params.length === 0) return { entry, params: null, mount };
  try {
    // A parameter may be called __proto__.
    const decoded: Record<string, string> = Object.create(null);
    for (const [at, name] of params.entries()) decoded[name] = decodeURIComponent(values[at]);
    return { entry, params: decoded, mount };
  } catch {
    return null;
  }
}
