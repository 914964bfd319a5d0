/**
 * node:crypto draws from Deno's own generator, which gets a new seed before that. Deno's other threads have a generator each,
 * with a seed that a snapshot keeps, and nothing reaches those: what would be drawn there is drawn on the main thread.
 */
import crypto from "node:crypto";
import { promisify } from "node:util";
import { seedDeno } from "./entropy.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type Function = (...args: Any[]) => Any;
type Methods = Record<string, Any>;

const DRAWING = [
  ...["randomBytes", "randomFillSync", "randomInt", "randomUUID", "pseudoRandomBytes", "publicEncrypt", "sign"],
  ...["generateKeyPairSync", "generateKeySync", "generatePrimeSync", "createDiffieHellman"],
];
const DRAWING_METHODS = {
  ECDH: "generateKeys",
  DiffieHellman: "generateKeys",
  DiffieHellmanGroup: "generateKeys",
  Sign: "sign",
};

function seedBefore(owner: Methods | undefined, name: string): void {
  const original = owner?.[name];
  if (typeof original !== "function") return;
  const seeding = function (this: unknown, ...args: unknown[]) {
    seedDeno();
    return original.apply(this, args);
  };
  owner![name] = Object.defineProperties(seeding, Object.getOwnPropertyDescriptors(original));
}

/** As Node has it: what is wrong with the arguments is thrown, and the callback comes later. */
function withCallback(make: Function, spread: (made: Any) => unknown[] = (made) => [made]): Function {
  return (...args) => {
    const done = args.at(-1);
    if (typeof done !== "function") return make(...args);
    process.nextTick(done, null, ...spread(make(...args.slice(0, -1))));
  };
}

for (const name of DRAWING) seedBefore(crypto, name);
for (const [name, method] of Object.entries(DRAWING_METHODS)) seedBefore((crypto as Methods)[name]?.prototype, method);

const { generateKeyPairSync } = crypto as Methods;
const generateKeyPair = withCallback(generateKeyPairSync, ({ publicKey, privateKey }) => [publicKey, privateKey]);
Object.assign(crypto, {
  randomBytes: withCallback(crypto.randomBytes),
  randomFill: withCallback(crypto.randomFillSync),
  randomInt: withCallback(crypto.randomInt),
  generatePrime: withCallback(crypto.generatePrimeSync),
  generateKey: withCallback(crypto.generateKeySync),
  generateKeyPair: Object.assign(generateKeyPair, {
    // deno-lint-ignore require-await -- what it throws is a rejection here
    [promisify.custom]: async (type: unknown, options: unknown) => generateKeyPairSync(type, options),
  }),
});
