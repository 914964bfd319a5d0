/**
 * Evaluates Node's modules into the image that every function starts from, when all else is there. In a function's own
 * image they would be up to 2 MB: what an evaluation touches counts its references, all over the memory.
 */
import { publishValue } from "../publish.ts";
import { builtin } from "./modules.ts";
import { NODE_MODULES } from "./names.ts";

for (const name of NODE_MODULES) builtin(name);

publishValue("Buffer", (builtin("buffer") as { Buffer: unknown }).Buffer);
