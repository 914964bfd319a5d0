/**
 * Randomness. A clone has all that its snapshot had, the state of every generator too: what a function draws comes from the
 * kernel, and nothing of it is kept when a request begins.
 */
import { fillRandom } from "./descriptor.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const original = Crypto.prototype.getRandomValues;

/** More at once costs no more than one: it is leaving the VM that does. */
const pool: Bytes = new Uint8Array(512);
let left = 0;

const state = new Uint32Array(4);
let isSeeded = false;

/** Deno's generator takes a new seed of the kernel when it has given this much; what is left of a block counts too. */
const SEED_BYTES = 65_536;
const BLOCK_BYTES = 256;

const given: Bytes = new Uint8Array(SEED_BYTES);
let isDenoSeeded = false;

/** Before what draws from Deno's own generator, which nothing else reaches. It takes 65 microseconds. */
export function seedDeno(): void {
  if (isDenoSeeded) return;
  isDenoSeeded = true;
  original.call(crypto, given);
  original.call(crypto, given.subarray(0, 2 * BLOCK_BYTES));
}

/** Before anything of a request's runs. */
export function forgetEntropy(): void {
  left = 0;
  isSeeded = isDenoSeeded = false;
}

function draw(size: number): Bytes {
  if (size > pool.length) {
    const bytes = new Uint8Array(size);
    fillRandom(bytes);
    return bytes;
  }
  if (size > left) {
    fillRandom(pool);
    left = pool.length;
  }
  const bytes = pool.slice(left - size, left);
  pool.fill(0, left - size, left);
  left -= size;
  return bytes;
}

function seed(): void {
  state.set(new Uint32Array(draw(16).buffer));
  state[0] |= 1;
  isSeeded = true;
}

/** xoshiro128**. */
function next(): number {
  const mixed = Math.imul(state[1], 5);
  const result = Math.imul(mixed << 7 | mixed >>> 25, 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = state[3] << 11 | state[3] >>> 21;
  return result;
}

const HIGH_BITS = 2 ** 26;
const WHOLE = 2 ** 53;

function random(): number {
  if (!isSeeded) seed();
  return ((next() >>> 5) * HIGH_BITS + (next() >>> 6)) / WHOLE;
}

/** Deno's own says what is wrong with an argument. */
function getRandomValues<T extends ArrayBufferView | null>(this: Crypto, array: T): T {
  original.call(this, array as Parameters<typeof original>[0]);
  const { buffer, byteOffset, byteLength } = array!;
  new Uint8Array(buffer, byteOffset, byteLength).set(draw(byteLength));
  return array;
}

function randomUUID(): string {
  const bytes = draw(16);
  bytes[6] = bytes[6] & 0x0f | 0x40;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const replace = (target: object, name: string, value: unknown): void =>
  void Object.defineProperty(target, name, { ...Object.getOwnPropertyDescriptor(target, name), value });

replace(Math, "random", random);
replace(Crypto.prototype, "getRandomValues", getRandomValues);
replace(Crypto.prototype, "randomUUID", randomUUID);
