import type { Bytes } from "../native.ts";
import { isArray } from "../primordials.ts";

export type KeyType = "public" | "private" | "secret";
export type KeyUsage =
  | "encrypt"
  | "decrypt"
  | "sign"
  | "verify"
  | "deriveKey"
  | "deriveBits"
  | "wrapKey"
  | "unwrapKey";

/** What a key is of. Fields that a kind does not have are not there. */
export interface KeyAlgorithm {
  readonly name: string;
  readonly hash?: string;
  readonly namedCurve?: string;
  readonly length?: number;
  readonly modulusLength?: number;
  readonly publicExponent?: Bytes;
}

export interface KeyData {
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  readonly usages: readonly KeyUsage[];
  /** A secret itself; SPKI of a public key, PKCS #8 of a private one. */
  readonly bytes: Bytes;
}

const Uint8ArrayIntrinsic = Uint8Array;
const USAGES: readonly KeyUsage[] = [
  ...["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"] as const,
];

let making: KeyData | null = null;

export let isCryptoKey: (value: unknown) => value is CryptoKey;
export let keyData: (key: CryptoKey) => KeyData;

/** Its bytes are in a private field, and nothing that a function can reach hands them out. */
export class CryptoKey {
  readonly #data: KeyData;
  #shownAlgorithm: object | undefined;
  #shownUsages: KeyUsage[] | undefined;

  constructor() {
    if (!making) throw new TypeError("Illegal constructor");
    this.#data = making;
    making = null;
  }

  get type(): KeyType {
    return this.#data.type;
  }

  get extractable(): boolean {
    return this.#data.extractable;
  }

  /** The same object each time; what a function does to it changes nothing here. */
  get algorithm(): object {
    return this.#shownAlgorithm ??= show(this.#data.algorithm);
  }

  get usages(): KeyUsage[] {
    return this.#shownUsages ??= selectUsages((usage) => hasUsage(this.#data, usage));
  }

  static {
    isCryptoKey = (value): value is CryptoKey => typeof value === "object" && value !== null && #data in value;
    keyData = (key) => key.#data;
  }
}

export function makeKey(data: KeyData): CryptoKey {
  making = data;
  return new CryptoKey();
}

function show(algorithm: KeyAlgorithm): object {
  const { name, hash, namedCurve, length, modulusLength, publicExponent } = algorithm;
  if (modulusLength !== undefined) {
    const exponent = new Uint8ArrayIntrinsic(publicExponent!);
    return { name, modulusLength, publicExponent: exponent, hash: { name: hash } };
  }
  if (namedCurve !== undefined) return { name, namedCurve };
  if (hash !== undefined) return { name, length, hash: { name: hash } };
  return length === undefined ? { name } : { name, length };
}

export const hasUsage = ({ usages }: KeyData, usage: KeyUsage): boolean => contains(usages, usage);

export function contains<T>(list: readonly T[], item: T): boolean {
  for (let i = 0; i < list.length; i++) {
    if (list[i] === item) return true;
  }
  return false;
}

/** Each once, in the order of the standard. */
export function selectUsages(wanted: (usage: KeyUsage) => boolean): KeyUsage[] {
  const selected: KeyUsage[] = [];
  for (let i = 0; i < USAGES.length; i++) {
    if (wanted(USAGES[i])) selected[selected.length] = USAGES[i];
  }
  return selected;
}

export function toUsages(value: unknown): KeyUsage[] {
  const list = toSequence(value);
  for (let i = 0; i < list.length; i++) {
    const usage = `${list[i]}`;
    if (!contains(USAGES, usage)) throw new TypeError(`Cannot take "${usage}" as a key's usage`);
    list[i] = usage;
  }
  return selectUsages((usage) => contains(list, usage));
}

function toSequence(value: unknown): unknown[] {
  if (isArray(value)) return [...value];
  const isObject = typeof value === "object" && value !== null;
  if (!isObject || typeof (value as Iterable<unknown>)[Symbol.iterator] !== "function") {
    throw new TypeError("Cannot take usages that are no sequence");
  }
  return [...value as Iterable<unknown>];
}
