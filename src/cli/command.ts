import type { Shell } from "./shell.ts";

export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** It may be given several times. */
  readonly multiple?: true;
  /** How its value is called in the help. */
  readonly value?: string;
  readonly help: string;
  /** How other programs call it: whoever uses such a name is told ours. */
  readonly also?: readonly string[];
}

export type Options = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O extends { readonly type: "boolean" } ? boolean
  : O extends { readonly multiple: true } ? readonly string[]
  : string;
export type Values<O extends Options> = { readonly [Name in keyof O]?: ValueOf<O[Name]> };

export interface Command<O extends Options = Options> {
  /** What is given beside the options: `NAME`, `[NAME]` if it can be left out, `a|b` one of these, `NAME...` at the end for any number. */
  readonly operands: readonly string[];
  readonly options: O;
  /** Lines of the help behind the options. */
  readonly notes?: readonly string[];
  /** Returns the exit code. */
  run(values: Values<O>, operands: readonly string[], shell: Shell): Promise<number>;
}

export const takesMore = (operands: readonly string[]): boolean => operands.at(-1)?.endsWith("...") ?? false;

/** What stands behind `--` is another program's, options included. */
export function usage(name: string, operands: readonly string[], options: readonly string[] = []): string {
  const words = takesMore(operands)
    ? [...operands.slice(0, -1), ...options, "--", operands.at(-1)!]
    : [...operands, ...options];
  return ["mayfly", name, ...words].join(" ");
}

/** Lets the compiler know the options by their names. */
export const command = <const O extends Options>(definition: Command<O>): Command => definition;
