/** Before all others: the URL parser wants them when it is evaluated. */
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { publishClass } from "./publish.ts";

publishClass("TextDecoder", TextDecoder);
publishClass("TextEncoder", TextEncoder);
