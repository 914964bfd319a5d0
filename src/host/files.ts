import { FileOperation } from "./operations.ts";
import type { Host, OwnFiles } from "./host.ts";

const OFFSET_BYTES = 4;
const LENGTH_BYTES = 4;
/** Of a file, in one answer: it has to fit one step. */
const PIECE_BYTES = 60_000;
const LONGEST_PATH_BYTES = 4096;
const NOTHING = new Uint8Array(0);

/**
 * Reads a function's own files. Where they are is told by an index that was made when the function was deployed: a
 * path is looked up, never opened.
 */
export const filesHost: Host = ({ files }) => {
  let opened: Promise<OwnFiles | null> | null = null;
  return {
    async call(operation, argument) {
      if (operation !== FileOperation.READ) {
        throw new Error(`Cannot do host call ${operation}: there is none of that number`);
      }
      const { path, from } = parsed(argument);
      const pack = await (opened ??= files?.() ?? Promise.resolve(null));
      return pack === null ? NOTHING : await piece(pack, path, from);
    },
    close() {},
  };
};

/** `u32 offset`, then the path. */
function parsed(argument: Uint8Array<ArrayBuffer>): { path: string; from: number } {
  if (argument.length < OFFSET_BYTES || argument.length > OFFSET_BYTES + LONGEST_PATH_BYTES) {
    throw new Error("Cannot read a file: its path is missing or too long");
  }
  return {
    path: new TextDecoder().decode(argument.subarray(OFFSET_BYTES)),
    from: new DataView(argument.buffer, argument.byteOffset).getUint32(0, true),
  };
}

/** `u32 length of the whole`, then the bytes; nothing: there is no such file. */
async function piece(files: OwnFiles, path: string, from: number): Promise<Uint8Array> {
  const size = files.size(path);
  if (size === null) return NOTHING;
  const bytes = from < size ? await files.read(path, from, PIECE_BYTES) : NOTHING;
  const answer = new Uint8Array(LENGTH_BYTES + (bytes?.length ?? 0));
  new DataView(answer.buffer).setUint32(0, size, true);
  answer.set(bytes ?? NOTHING, LENGTH_BYTES);
  return answer;
}
