import type { TierName } from "../types.ts";
import type { ImportMapJson } from "./import_map.ts";

/** What a build asks of the child that bundles for its root: one line of JSON. */
export interface BundleRequest {
  readonly id: number;
  /** Relative to the root. */
  readonly entry: string;
  /** Whose JavaScript it is for: the Wasm tier's, or a microVM's, which is Deno itself. Wasm where nothing is said. */
  readonly tier?: TierName;
  readonly importMap: ImportMapJson;
  readonly compilerOptions: CompilerOptions;
  readonly npm: NpmTable;
}

/** The compiler options of a root's deno.json that change what is emitted. */
export interface CompilerOptions {
  readonly jsx?: string;
  readonly jsxImportSource?: string;
  readonly jsxFactory?: string;
  readonly jsxFragmentFactory?: string;
  readonly experimentalDecorators?: boolean;
  readonly emitDecoratorMetadata?: boolean;
  readonly useDefineForClassFields?: boolean;
  readonly verbatimModuleSyntax?: boolean;
}

/** npm specifiers, and the packages that they lead to with all of their dependencies. */
export interface NpmTable {
  /** `npm:hono@4/jsx` to `hono@4.13.19`. */
  readonly specifiers: Readonly<Record<string, string>>;
  readonly packages: Readonly<Record<string, NpmPackage>>;
  /** Specifiers that lead to nothing, and why: to be told at the imports that have them. */
  readonly failed?: Readonly<Record<string, string>>;
}

export interface NpmPackage {
  readonly name: string;
  readonly folder: string;
  /** Keys of the table. */
  readonly dependencies: readonly string[];
}

/** Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface BundleProblem {
  readonly message: string;
  readonly place: Place | null;
}

/** `[specifier, importer, target]` of an import that deno.json decided. */
export type MappedImport = readonly [specifier: string, importer: string, target: string];

/** A line of JSON; `code` and `map` bytes follow it. */
export interface BundleReply {
  readonly id: number;
  /** Files of the root that were looked for, found or not. */
  readonly wanted: readonly string[];
  /** npm specifiers that the table does not have: to be asked again with them. */
  readonly missing: readonly string[];
  readonly problems: readonly BundleProblem[];
  readonly bundle: BundleFacts | null;
}

export interface BundleFacts {
  readonly codeBytes: number;
  readonly mapBytes: number;
  /** Files of the root that were read, with the hash of what was read. */
  readonly files: Readonly<Record<string, string>>;
  readonly mapped: readonly MappedImport[];
  /** Keys of the table. */
  readonly packages: readonly string[];
  /** The user's file that brought a package in. */
  readonly importers: Readonly<Record<string, string>>;
  /** The literal, with the places of the whole (`""`) and of its keys. */
  readonly config: { readonly value: unknown; readonly places: Readonly<Record<string, Place>> } | null;
}

/** Splits a stream into lines of text and, on demand, runs of bytes. */
export class FrameReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.getReader();
  }

  /** Without its newline; null at the end of the stream. */
  async line(): Promise<string | null> {
    for (let searched = 0, before = 0;;) {
      for (; searched < this.#chunks.length; before += this.#chunks[searched++].length) {
        const at = this.#chunks[searched].indexOf(10);
        if (at < 0) continue;
        const bytes = await this.bytes(before + at + 1);
        return new TextDecoder().decode(bytes.subarray(0, -1));
      }
      if (!await this.#more()) return null;
    }
  }

  async bytes(length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#length < length) {
      if (!await this.#more()) throw new Error("Cannot read a frame: the stream ended in it");
    }
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(0, length - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#length -= length;
    return bytes;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    this.#chunks.push(value);
    this.#length += value.length;
    return true;
  }
}
