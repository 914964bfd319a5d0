import { join, parse } from "node:path";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type { Place } from "./bundle_wire.ts";
import { SOURCE_MAP } from "./version_folders.ts";

/** A place in a bundle, as stacks name it. */
const PLACE = /bundle\.js:(\d+)(?::(\d+))?/g;
/** The same, with the name of the function. */
const FRAME = /(?:\bat (\S+) \()?bundle\.js:(\d+)(?::(\d+))?/g;

const KEPT = 16;

/** Turns places in bundles into places in the user's files. The maps that were used last are kept. */
export class SourceMaps {
  readonly #maps = new Map<string, Promise<TraceMap | null>>();

  /** Text with every `bundle.js:LINE:COLUMN` replaced, as far as the version's map knows it. */
  async textOf(folder: string, text: string): Promise<string> {
    if (!text.includes("bundle.js:")) return text;
    const map = await this.#mapOf(folder);
    if (map === null) return text;
    return text.replace(FRAME, (found, name, line, column = "1") => {
      const place = placeIn(map, Number(line), Number(column));
      if (place === null) return found;
      const mapped = `${place.file}:${place.line}:${place.column}`;
      return name === undefined ? mapped : `at ${nameIn(place.file, name)} (${mapped}`;
    });
  }

  /** The first place that a stack names in one of the user's own files, before those of packages. */
  async placeOf(folder: string, stack: string): Promise<Place | null> {
    const map = stack.includes("bundle.js:") ? await this.#mapOf(folder) : null;
    if (map === null) return null;
    const places = [...stack.matchAll(PLACE)]
      .map(([, line, column = "1"]) => placeIn(map, Number(line), Number(column)))
      .filter((place) => place !== null);
    return places.find(({ file }) => !file.startsWith("npm:")) ?? places[0] ?? null;
  }

  forget(folder: string): void {
    this.#maps.delete(folder);
  }

  #mapOf(folder: string): Promise<TraceMap | null> {
    const map = this.#maps.get(folder) ?? read(folder);
    // Put last again: the first one is the one that was not used for the longest time.
    this.#maps.delete(folder);
    this.#maps.set(folder, map);
    if (this.#maps.size > KEPT) this.#maps.delete(this.#maps.keys().next().value!);
    return map;
  }
}

async function read(folder: string): Promise<TraceMap | null> {
  try {
    return new TraceMap(await Deno.readTextFile(join(folder, SOURCE_MAP)));
  } catch {
    // Without its map a version still runs; its stacks name the bundle.
    return null;
  }
}

/** The bundler names a default export that has no name after its file, `users_default`: for its author it is `default`. */
function nameIn(file: string, name: string): string {
  const ofFile = parse(file).name.replace(/^[^A-Za-z_$]+|[^\w$]+$/g, "").replace(/[^\w$]+/g, "_");
  return /_default\d*$/.test(name) && name.startsWith(`${ofFile}_default`) ? "default" : name;
}

function placeIn(map: TraceMap, line: number, column: number): Place | null {
  if (line < 1 || column < 1) return null;
  const found = originalPositionFor(map, { line, column: column - 1 });
  // What the bundler made itself has no source, which the package gives as an empty name.
  return found.source === null || found.source === ""
    ? null
    : { file: found.source, line: found.line, column: found.column + 1 };
}
