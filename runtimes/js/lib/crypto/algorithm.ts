/** What an algorithm can do, and how its parameters are read. Each file beside this one adds its own to the table. */
import type { Answer } from "./ask.ts";
import { notSupported, type Options } from "./convert.ts";
import type { CryptoKey, KeyData, KeyUsage } from "./key.ts";
import type { Bytes } from "../native.ts";
import { mapGet, mapSet, upperCase } from "../primordials.ts";

export type KeyFormat = "raw" | "spki" | "pkcs8" | "jwk";

/** A JSON Web Key, converted: only what it had. */
export interface Jwk {
  readonly kty?: string;
  readonly use?: string;
  readonly key_ops?: readonly string[];
  readonly alg?: string;
  readonly ext?: boolean;
  readonly [member: string]: unknown;
}

export interface ImportRequest {
  readonly format: KeyFormat;
  /** Of all formats but "jwk". */
  readonly bytes: Bytes | null;
  readonly jwk: Jwk | null;
  readonly extractable: boolean;
  readonly usages: readonly KeyUsage[];
}

export interface GenerateRequest {
  readonly extractable: boolean;
  readonly usages: readonly KeyUsage[];
}

export type Pair = { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
/** A key's data, or a JSON Web Key. */
export type Exported = { readonly bytes: Bytes } | { readonly jwk: Jwk };

/** What each operation is given beside its parameters, and what it answers. */
interface Signatures {
  digest: (data: Bytes) => Bytes;
  encrypt: (key: KeyData, data: Bytes) => Promise<Answer>;
  decrypt: (key: KeyData, data: Bytes) => Promise<Answer>;
  wrapKey: (key: KeyData, data: Bytes) => Promise<Answer>;
  unwrapKey: (key: KeyData, data: Bytes) => Promise<Answer>;
  sign: (key: KeyData, data: Bytes) => Promise<Answer>;
  verify: (key: KeyData, signature: Bytes, data: Bytes) => Promise<boolean>;
  /** Null: as many bits as there are. */
  deriveBits: (key: KeyData, length: number | null) => Promise<Answer>;
  generateKey: (request: GenerateRequest) => Promise<CryptoKey | Pair>;
  importKey: (request: ImportRequest) => Promise<CryptoKey>;
  /** Bits of a key that is derived; null: as many as there are. */
  keyLength: () => number | null;
}

export type OperationName = keyof Signatures;

type Tail<Name extends OperationName, Params> = (
  params: Params,
  ...args: Parameters<Signatures[Name]>
) => ReturnType<Signatures[Name]>;

interface Entry<Name extends OperationName> {
  readonly name: string;
  readonly read: (options: Options) => unknown;
  readonly run: Tail<Name, unknown>;
}

/** An operation with its algorithm's parameters, ready to run. */
export interface Normalized<Name extends OperationName> {
  readonly name: string;
  readonly run: Signatures[Name];
}

const tables = new Map<string, Map<string, Entry<OperationName>>>();

export function define<Name extends OperationName, Params>(
  operation: Name,
  name: string,
  read: (options: Options) => Params,
  run: Tail<Name, Params>,
): void {
  let table = mapGet(tables, operation);
  if (!table) mapSet(tables, operation, table = new Map());
  mapSet(table, upperCase(name), { name, read, run } as unknown as Entry<OperationName>);
}

export const NO_PARAMETERS = (): null => null;

/** Throws what the standard says for a name that nobody knows, and for parameters that are wrong. */
export function normalize<Name extends OperationName>(operation: Name, algorithm: unknown): Normalized<Name> {
  const found = tryNormalize(operation, algorithm);
  if (found) return found;
  throw notSupported(`Cannot ${operation} with this algorithm: it is not supported`);
}

export function tryNormalize<Name extends OperationName>(operation: Name, algorithm: unknown): Normalized<Name> | null {
  const isObject = (typeof algorithm === "object" && algorithm !== null) || typeof algorithm === "function";
  const name = isObject ? (algorithm as Options).name : algorithm;
  if (isObject && name === undefined) throw new TypeError('Cannot take an algorithm without "name"');
  const entry = mapGet(mapGet(tables, operation)!, upperCase(`${name}`)) as Entry<Name> | undefined;
  if (!entry) return null;
  const params = entry.read(isObject ? algorithm as Options : {});
  const { run } = entry;
  return {
    name: entry.name,
    run: ((a: never, b: never, c: never) => (run as (...args: unknown[]) => unknown)(params, a, b, c)) as never,
  };
}

export const readHash = (options: Options): string => {
  const hash = options.hash;
  if (hash === undefined) throw new TypeError('Cannot go without "hash"');
  return normalize("digest", hash).name;
};
