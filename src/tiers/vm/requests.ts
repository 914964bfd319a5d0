/** What a cell is asked for: struct cell_request of ffi/cell/cell.h. */

export const CellOperation = {
  START: 1,
  VIEW: 2,
  LOAD: 3,
  DERIVE: 4,
  BOOT: 5,
  TAKE: 6,
  DROP: 7,
  KEEP: 8,
  STATS: 9,
} as const;

export const CellMode = { BUILDS: 1, SERVES: 2 } as const;

/** How a guest is spoken to. */
export const CellProtocol = { FRAMES: 1, STDIO: 2, SERVER: 3 } as const;

export interface CellRequest {
  readonly operation: typeof CellOperation[keyof typeof CellOperation];
  readonly object?: number;
  readonly parent?: number;
  readonly views?: readonly number[];
  readonly protocol?: number;
  readonly tcpPort?: number;
  readonly sandbox?: number;
  readonly generation?: number;
  readonly count?: number;
  readonly user?: number;
  readonly mode?: number;
  readonly memoryBytes?: number;
  readonly logBytes?: number;
  readonly addressBytes?: number;
  readonly deadlineNs?: number;
  readonly program?: CellProgram;
}

/** What is booted in a VM. */
export interface CellProgram {
  /** The first is a path in its views. */
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  /** Where it is started. */
  readonly folder: string;
}

const HEAD_BYTES = 128;
const VIEWS_AT = 16;
export const MOST_VIEWS = 8;
const MOST_STRING_BYTES = 49_152;

const encoder = new TextEncoder();

/** Throws what is to be told to the author of a program whose strings are too long. */
export function encodeRequest(id: number, request: CellRequest): Uint8Array<ArrayBuffer> {
  const { program, views = [] } = request;
  const strings = encoder.encode(program ? textsOf(program).map((text) => `${text}\0`).join("") : "");
  if (strings.length > MOST_STRING_BYTES) {
    throw new RangeError(
      `Cannot start the program: its arguments and its env are longer than ${MOST_STRING_BYTES} bytes`,
    );
  }
  if (views.length > MOST_VIEWS) throw new RangeError(`Cannot use more than ${MOST_VIEWS} views`);
  const bytes = new Uint8Array(HEAD_BYTES + strings.length);
  const view = new DataView(bytes.buffer);
  const words: readonly (readonly [at: number, value: number | undefined])[] = [
    [0, request.operation],
    [4, id],
    [8, request.object],
    [12, request.parent],
    [48, views.length],
    [52, request.protocol],
    [56, request.tcpPort],
    [60, request.sandbox],
    [64, request.generation],
    [68, request.count],
    [72, request.user],
    [76, request.mode],
    [80, program?.arguments.length],
    [84, program?.environment.length],
    [88, strings.length],
  ];
  for (const [at, value] of words) view.setUint32(at, value ?? 0, true);
  views.forEach((object, place) => view.setUint32(VIEWS_AT + 4 * place, object, true));
  const { memoryBytes, logBytes, addressBytes, deadlineNs } = request;
  [memoryBytes, logBytes, addressBytes, deadlineNs].forEach((value, place) =>
    view.setBigUint64(96 + 8 * place, BigInt(Math.round(value ?? 0)), true)
  );
  bytes.set(strings, HEAD_BYTES);
  return bytes;
}

/** A NUL ends a string there, so that none may have one: settings refuse it. */
function textsOf({ arguments: given, environment, folder }: CellProgram): readonly string[] {
  const texts = [...given, ...environment, folder];
  const bad = texts.find((text) => text.includes("\0"));
  if (bad !== undefined) throw new RangeError(`Cannot start the program: ${JSON.stringify(bad)} has a NUL in it`);
  return texts;
}
