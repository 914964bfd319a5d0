import { CELL_REQUEST, type CellOperation, LAYOUT } from "../../../ffi/layout.ts";

/** What a cell is asked for: struct cell_request of ffi/cell/cell.h. */
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

const encoder = new TextEncoder();

/** Throws what is to be told to the author of a program whose strings are too long. */
export function encodeRequest(id: number, request: CellRequest): Uint8Array<ArrayBuffer> {
  const { program, views = [] } = request;
  const strings = encoder.encode(program ? textsOf(program).map((text) => `${text}\0`).join("") : "");
  const { cellStringsMax, cellViewsMax, cellRequestBytes } = LAYOUT;
  if (strings.length > cellStringsMax) {
    throw new RangeError(`Cannot start the program: its arguments and its env are longer than ${cellStringsMax} bytes`);
  }
  if (views.length > cellViewsMax) throw new RangeError(`Cannot use more than ${cellViewsMax} views`);
  const bytes = new Uint8Array(cellRequestBytes + strings.length);
  const fields = new DataView(bytes.buffer);
  const { program: _program, views: _views, memoryBytes, logBytes, addressBytes, deadlineNs, ...words } = request;
  const wides = { memoryBytes, logBytes, addressBytes, deadlineNs };
  const counts = {
    id,
    viewCount: views.length,
    arguments: program?.arguments.length,
    environment: program?.environment.length,
    stringBytes: strings.length,
  };
  for (const [field, value = 0] of entries({ ...words, ...counts })) fields.setUint32(CELL_REQUEST[field], value, true);
  for (const [field, value = 0] of entries(wides)) {
    fields.setBigUint64(CELL_REQUEST[field], BigInt(Math.round(value)), true);
  }
  views.forEach((object, place) => fields.setUint32(CELL_REQUEST.views + 4 * place, object, true));
  bytes.set(strings, cellRequestBytes);
  return bytes;
}

/** A NUL ends a string there, so that none may have one: settings refuse it. */
function textsOf({ arguments: given, environment, folder }: CellProgram): readonly string[] {
  const texts = [...given, ...environment, folder];
  const bad = texts.find((text) => text.includes("\0"));
  if (bad !== undefined) throw new RangeError(`Cannot start the program: ${JSON.stringify(bad)} has a NUL in it`);
  return texts;
}

/** With the names of the fields as their type. */
function entries<Field extends string>(fields: { readonly [F in Field]?: number }): [Field, number | undefined][] {
  return Object.entries(fields) as [Field, number | undefined][];
}
