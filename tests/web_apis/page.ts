/** The page docs/web-apis.md, from what is global here and there. */

import { LACKED } from "../../src/registry/wasm_lacks.ts";

/** From each global's name to its members. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

/** WinterTC's Minimum Common API (ECMA-429). */
const MINIMUM = [
  ...["AbortController", "AbortSignal", "Blob", "ByteLengthQueuingStrategy", "CompressionStream"],
  ...["CountQueuingStrategy", "Crypto", "CryptoKey", "CustomEvent", "DOMException", "DecompressionStream"],
  ...["ErrorEvent", "Event", "EventTarget", "File", "FormData", "Headers", "MessageChannel", "MessageEvent"],
  ...["MessagePort", "Performance", "PromiseRejectionEvent", "ReadableByteStreamController", "ReadableStream"],
  ...["ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController"],
  ...["ReadableStreamDefaultReader", "Request", "Response", "SubtleCrypto", "TextDecoder", "TextDecoderStream"],
  ...["TextEncoder", "TextEncoderStream", "TransformStream", "TransformStreamDefaultController", "URL"],
  ...["URLPattern", "URLSearchParams", "WebAssembly", "WritableStream", "WritableStreamDefaultController"],
  ...["WritableStreamDefaultWriter", "atob", "btoa", "clearInterval", "clearTimeout", "console", "crypto", "fetch"],
  ...["globalThis", "navigator", "performance", "queueMicrotask", "reportError", "self", "setInterval", "setTimeout"],
  "structuredClone",
];

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(" ");

function item(name: string, mayfly: Inventory, deno: Inventory): string {
  const here = mayfly[name];
  if (here === undefined) return `- \`${name}\`: **not here**`;
  const missing = (deno[name] ?? []).filter((member) => !here.includes(member));
  const state = missing.length === 0 ? "" : `; **not here:** ${code(missing)}`;
  return `- \`${name}\`${here.length > 0 ? ":" : ""} ${code(here)}${state}`.trimEnd();
}

const listOf = (names: readonly string[], mayfly: Inventory, deno: Inventory): string =>
  names.map((name) => item(name, mayfly, deno)).join("\n");

/** What is there and yet lacked. */
function uselessIn(own: Inventory): string[] {
  return [...LACKED.keys()].filter((name) => {
    const [owner, member] = name.split(".");
    return owner in own && (member === undefined || own[owner].includes(member));
  });
}

/** Globals that other names stand for too, or that are the whole of it. */
const WHOLE = ["global", "globalThis", "self", "window"];

export function pageOf(mayfly: Inventory, deno: Inventory, denoVersion: string): string {
  const [own, other] = [mayfly, deno].map((inventory) =>
    Object.fromEntries(Object.entries(inventory).map(([name, list]) => [name, WHOLE.includes(name) ? [] : list]))
  );
  const rest = [...new Set([...Object.keys(own), ...Object.keys(other)])].filter((name) => !MINIMUM.includes(name));
  const here = rest.filter((name) => name in own && name in other).sort();
  const ownAlone = rest.filter((name) => !(name in other)).sort();
  const missing = rest.filter((name) => !(name in own)).sort();
  return `# What a function finds

Every global of the JavaScript engine in the Wasm tier, with its members, beside Deno ${denoVersion}'s. This page is
written by \`tests/web_apis_test.ts\` from the running engine; the test fails where the two differ.

How the interfaces behave is tested by web-platform-tests (\`tests/wpt_test.ts\`); what Deno passes of them and Mayfly does
not is in \`tests/wpt/expectations.json\`.

${code(uselessIn(own))} are listed below, but of no use: they say why when they are used, or have nobody to share with.
The deploy of code that names them is refused, like that of most of what is missing.

## The Minimum Common API

${listOf(MINIMUM, own, other)}

## What else is here, as in Deno

${listOf(here, own, other)}

## What is here and not in Deno

${ownAlone.length > 0 ? code(ownAlone) : "Nothing."}

## What Deno has and a function here does not

${code(missing)}
`;
}
