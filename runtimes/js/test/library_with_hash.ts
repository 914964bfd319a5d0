/** The library, and its hashes within reach of a function: for tests alone. */
import "../lib/main.ts";
import { Hash, Hmac } from "../lib/hash.ts";
import { publishValue } from "../lib/publish.ts";

publishValue("Hash", Hash);
publishValue("Hmac", Hmac);
