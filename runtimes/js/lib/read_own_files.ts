/** The files of a function that is a folder, as they were when it was deployed. */
import { FileOperation } from "../../../src/host/operations.ts";
import { denoError, errors } from "./deno_errors.ts";
import { placed } from "./error_stack.ts";
import { hostCall } from "./host_calls.ts";
import type { Bytes } from "./native.ts";
import { native } from "./native.ts";
import { settings } from "../../shared/settings.ts";
import { URL } from "./url.ts";

/** Of an answer: the file's whole length, before its bytes. None: there is no such file. */
const LENGTH_BYTES = 4;

/** The functions folder is the root of what a function sees, and its own folder where it stands. */
export const ownFolder = (): string => `/${settings.function.name}`;

function absolute(path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${ownFolder()}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Of a file below the function's folder. */
function ownPath(path: unknown): string {
  const isUrl = path instanceof URL;
  if (isUrl && path.protocol !== "file:") throw new TypeError(`Cannot read ${path.href}: it is no file: URL`);
  const asked = isUrl ? decodeURIComponent(path.pathname) : `${path}`;
  const found = absolute(asked);
  if (found.startsWith(`${ownFolder()}/`)) return found.slice(ownFolder().length + 1);
  throw denoError("NotCapable", `Cannot read '${asked}': a function can read the files of its own folder only`);
}

const lengthOf = (answer: Bytes): number => new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);

async function piece(path: string, from: number): Promise<Bytes> {
  const name = native.utf8Encode(path);
  const argument: Bytes = new Uint8Array(LENGTH_BYTES + name.length);
  new DataView(argument.buffer).setUint32(0, from, true);
  argument.set(name, LENGTH_BYTES);
  return await hostCall(FileOperation.READ, argument);
}

export async function readFile(path: unknown): Promise<Bytes> {
  const own = ownPath(path);
  const call = new Error();
  const first = await piece(own, 0);
  if (first.length < LENGTH_BYTES) {
    throw placed(denoError("NotFound", `Cannot read '${path}': the function's folder has no file ${own}`), call);
  }
  const whole: Bytes = new Uint8Array(lengthOf(first));
  let at = 0;
  for (let next = first;; next = await piece(own, at)) {
    whole.set(next.subarray(LENGTH_BYTES), at);
    at += next.length - LENGTH_BYTES;
    if (at >= whole.length || next.length <= LENGTH_BYTES) return whole;
  }
}

export const readTextFile = async (path: unknown): Promise<string> => native.utf8Decode(await readFile(path), false)!;

export { errors };
