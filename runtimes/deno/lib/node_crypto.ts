/**
 * Threads of Deno's have a generator each, with a seed that a snapshot keeps, and nothing reaches those: what node:crypto
 * makes of keys is made on the main thread, whose generator has a new seed (entropy.ts).
 */
import crypto from "node:crypto";
import { promisify } from "node:util";

// deno-lint-ignore no-explicit-any
type Maker = (type: any, options: any) => any;
type Callback = (error: Error | null, ...made: unknown[]) => void;

/** As Node has it: what is wrong with the arguments is thrown, and the callback comes later. */
function later(make: Maker, spread: (made: ReturnType<Maker>) => unknown[]) {
  const withCallback = (type: unknown, options: unknown, callback?: Callback): void => {
    const [settings, done] = typeof options === "function" ? [{}, options as Callback] : [options, callback];
    if (typeof done !== "function") throw new TypeError("Cannot make a key: the callback is missing");
    process.nextTick(done, null, ...spread(make(type, settings)));
  };
  // deno-lint-ignore require-await -- what it throws is a rejection here
  const promised = async (type: unknown, options: unknown) => make(type, options ?? {});
  return Object.assign(withCallback, { [promisify.custom]: promised });
}

Object.assign(crypto, {
  generateKeyPair: later(crypto.generateKeyPairSync, ({ publicKey, privateKey }) => [publicKey, privateKey]),
  generateKey: later(crypto.generateKeySync, (key) => [key]),
});
