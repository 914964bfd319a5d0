import { parseArgs } from "node:util";
import { type Command, type Option, type Options, takesMore, usage, type Values } from "./command.ts";
import { suggest } from "../suggest.ts";
import { UsageError } from "./usage_error.ts";

/** What the arguments of a command say. Throws UsageError. */
export function parse(
  name: string,
  { options, operands }: Pick<Command, "options" | "operands">,
  args: readonly string[],
): { values: Values<Options>; operands: string[] } {
  const { values, positionals, tokens } = read(options, endedAtCommand({ options, operands }, args));
  checkChoices(name, operands, positionals);
  for (const token of tokens) {
    if (token.kind === "option") checkOption(name, options, token);
  }
  checkOperands(name, operands, positionals);
  return { values: values as Values<Options>, operands: positionals };
}

/** Where the last operand is another program's command, options end at its first word, with a `--` or without. */
export function endedAtCommand(
  { options, operands }: Pick<Command, "options" | "operands">,
  args: readonly string[],
): readonly string[] {
  if (!takesMore(operands)) return withoutTasksTerminator(args, operands);
  const { tokens } = read(options, args);
  const first = tokens.filter(({ kind }) => kind === "positional")[operands.length - 1];
  const terminator = tokens.find(({ kind }) => kind === "option-terminator");
  if (!first || (terminator && terminator.index < first.index)) return args;
  return [...args.slice(0, first.index), "--", ...args.slice(first.index)];
}

/** Not strict: the messages here are our own, with suggestions. */
function read(options: Options, args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
}

/** `deno task start -- --port 1` hands its `--` through; where nothing can stand behind one, it was not meant. */
function withoutTasksTerminator(args: readonly string[], operands: readonly string[]): readonly string[] {
  return operands.length === 0 && args[0] === "--" ? args.slice(1) : args;
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string;
  readonly inlineValue?: boolean;
}

function checkOption(command: string, options: Options, { name, rawName, value, inlineValue }: OptionToken): void {
  const option: Option | undefined = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!option) {
    const meant = Object.keys(options).find((known) => options[known].also?.includes(name)) ??
      suggest(name, Object.keys(options));
    throw new UsageError(
      `mayfly ${command} has no option ${rawName}`,
      meant ? `--${meant}, or mayfly ${command} --help` : `mayfly ${command} --help`,
    );
  }
  if (option.type === "boolean" && value !== undefined) {
    throw new UsageError(`${rawName} takes no value`, `${rawName} alone`);
  }
  const looksLikeOption = !inlineValue && value !== undefined && value.startsWith("-") && value !== "-";
  if (option.type === "string" && (value === undefined || looksLikeOption)) {
    throw new UsageError(`${rawName} needs a value`, `--${name}=${option.value}`);
  }
}

/** Of `run|bench` one. First of all, for what follows something else is hardly ours. */
function checkChoices(command: string, expected: readonly string[], given: readonly string[]): void {
  for (const [at, operand] of expected.entries()) {
    const choices = operand.split("|");
    if (choices.length === 1 || given[at] === undefined || choices.includes(given[at])) continue;
    const meant = suggest(given[at], choices) ?? choices[0];
    throw new UsageError(`mayfly ${command} cannot ${given[at]}`, usage(command, expected.with(at, meant)));
  }
}

function checkOperands(command: string, expected: readonly string[], given: readonly string[]): void {
  if (given.length > expected.length && !takesMore(expected)) {
    throw new UsageError(`mayfly ${command} does not take ${given[expected.length]}`, usage(command, expected));
  }
  const missing = expected[given.length];
  if (missing !== undefined && !missing.startsWith("[")) {
    throw new UsageError(`mayfly ${command} needs ${missing}`, usage(command, expected));
  }
}
