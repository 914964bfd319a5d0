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
  const { values, positionals, tokens } = parseArgs({
    args: withoutTasksTerminator(args, operands),
    options,
    allowPositionals: true,
    // Not strict: the messages below are our own, with suggestions.
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "option") checkOption(name, options, token);
  }
  checkOperands(name, operands, positionals);
  return { values: values as Values<Options>, operands: positionals };
}

/** `deno task start -- --port 1` hands its `--` through; where nothing can stand behind one, it was not meant. */
function withoutTasksTerminator(args: readonly string[], operands: readonly string[]): string[] {
  return operands.length === 0 && args[0] === "--" ? args.slice(1) : [...args];
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
    const meant = suggest(name, Object.keys(options));
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

function checkOperands(command: string, expected: readonly string[], given: readonly string[]): void {
  if (given.length > expected.length && !takesMore(expected)) {
    throw new UsageError(`mayfly ${command} does not take ${given[expected.length]}`, usage(command, expected));
  }
  const missing = expected[given.length];
  if (missing !== undefined && !missing.startsWith("[")) {
    throw new UsageError(`mayfly ${command} needs ${missing}`, usage(command, expected));
  }
}
