/** Hashes are computed in the sandbox: that takes less time than a call to the host. */
import { type HashName, hashOf } from "../hash.ts";
import type { Bytes } from "../native.ts";
import { define, NO_PARAMETERS } from "./algorithm.ts";

const NAMES: readonly HashName[] = ["SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512"];

for (const name of NAMES) define("digest", name, NO_PARAMETERS, (_, data: Bytes) => hashOf(name, data));
