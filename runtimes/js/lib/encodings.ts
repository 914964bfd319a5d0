/** The tables that runtimes/js/encodings.ts reads out of Deno: the bundle is called with them. */

export interface EncodingTables {
  /** From a label to an encoding's name, in lower case. */
  readonly labels: Readonly<Record<string, string>>;
  /** From a single-byte encoding's name to its characters from 0x80 on. */
  readonly singleByte: Readonly<Record<string, string>>;
  readonly big5: string;
  readonly big5Plane2: string;
  readonly eucKr: string;
  readonly gb18030: string;
  readonly gb18030Ranges: readonly number[];
  readonly jis0208: string;
  readonly jis0212: string;
}

declare const MAYFLY_ENCODINGS: EncodingTables;

export const tables = MAYFLY_ENCODINGS;
