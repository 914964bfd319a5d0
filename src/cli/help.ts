import { type Command, type Option, usage } from "./command.ts";

const INDENT = "  ";
const COLUMN = 22;

/** The help of the whole. */
export function overview(commands: readonly { readonly name: string; readonly summary: string }[]): string[] {
  return [
    "Mayfly serves functions from a folder: drop a file in, call it over HTTP.",
    "",
    "Usage: mayfly COMMAND [OPTIONS]",
    "",
    ...commands.flatMap(({ name, summary }) => row(name, summary)),
    "",
    "mayfly COMMAND --help tells the options of one, mayfly --version which version this is.",
  ];
}

/** The help of one command. */
export function commandHelp(name: string, summary: string, { operands, options, notes = [] }: Command): string[] {
  return [
    `Usage: ${usage(name, operands, ["[OPTIONS]"])}`,
    "",
    `mayfly ${name} ${summary}.`,
    "",
    ...Object.entries(options).flatMap(([name, option]) => row(usageOf(name, option), option.help)),
    ...row("-h, --help", "shows this"),
    ...notes,
  ];
}

function usageOf(name: string, { short, value }: Option): string {
  return `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`;
}

/** A long left side has its text on the next line. */
function row(left: string, text: string): string[] {
  if (left.length < COLUMN) return [INDENT + left.padEnd(COLUMN) + text];
  return [INDENT + left, INDENT + " ".repeat(COLUMN) + text];
}
