import { exporting, generating, importing } from "./keys.ts";
import { CryptoOperation } from "./operations.ts";
import { PartsReader } from "./parts.ts";
import { decrypting, deriving, encrypting, signing, verifying } from "./secrets.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const COMPUTATIONS: Readonly<Record<number, (parts: PartsReader) => Promise<Bytes>>> = {
  [CryptoOperation.IMPORT]: importing,
  [CryptoOperation.EXPORT]: exporting,
  [CryptoOperation.GENERATE]: generating,
  [CryptoOperation.SIGN]: signing,
  [CryptoOperation.VERIFY]: verifying,
  [CryptoOperation.ENCRYPT]: encrypting,
  [CryptoOperation.DECRYPT]: decrypting,
  [CryptoOperation.DERIVE]: deriving,
};

/** Rejects with an Error for whatever is wrong with the argument; nothing of it is believed. */
export async function compute(operation: number, argument: Bytes): Promise<Bytes> {
  if (!Object.hasOwn(COMPUTATIONS, operation)) {
    throw new Error(`Cannot do host call ${operation}: there is none of that number`);
  }
  return await COMPUTATIONS[operation](new PartsReader(argument));
}

/** Whether it may take much longer than a signature does. */
export function isLong(operation: number, argument: Bytes): boolean {
  if (operation !== CryptoOperation.GENERATE && operation !== CryptoOperation.DERIVE) return false;
  const name = new PartsReader(argument).name();
  return name === "PBKDF2" || name.startsWith("RSA");
}
