import project from "../../deno.json" with { type: "json" };
import { OperatorError } from "../errors.ts";
import { type Command, type Options, takesMore, type Values } from "./command.ts";
import { commandHelp, overview } from "./help.ts";
import { endedAtCommand, parse } from "./parse.ts";
import { safeLines } from "./safe_text.ts";
import { OutputClosed, type Shell, systemShell } from "./shell.ts";
import { suggest } from "../suggest.ts";
import { colored } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** A command's module is loaded when it is called: a server starts without the HTTP client of the others. */
const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<{ default: Command }> }>> = {
  serve: { summary: "starts the server", load: () => import("./commands/serve.ts") },
  ls: { summary: "lists the functions", load: () => import("./commands/ls.ts") },
  describe: { summary: "tells all about a function", load: () => import("./commands/describe.ts") },
  logs: {
    summary: "shows what a function wrote, and how its requests failed; without NAME, the server's log",
    load: () => import("./commands/logs.ts"),
  },
  invoke: { summary: "calls a function", load: () => import("./commands/invoke.ts") },
  rm: {
    summary: "deletes a function: its file or its whole folder, its versions and its log",
    load: () => import("./commands/rm.ts"),
  },
  versions: { summary: "lists the kept versions of a function", load: () => import("./commands/versions.ts") },
  rollback: {
    summary: "serves an older version until the source changes",
    load: () => import("./commands/rollback.ts"),
  },
  vm: {
    summary: "runs a program of this machine in a microVM, or measures it",
    load: () => import("./commands/vm.ts"),
  },
  doctor: { summary: "checks what the server needs of this machine", load: () => import("./commands/doctor.ts") },
};

/** The `mayfly` command. Returns the exit code. */
export async function main(args: readonly string[], shell: Shell = systemShell()): Promise<number> {
  try {
    return await dispatch(args, shell);
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    tell(error, shell);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch([name, ...args]: readonly string[], shell: Shell): Promise<number> {
  if (name === "--version" || name === "-V") {
    return print([`mayfly ${project.version}, Deno ${Deno.version.deno}`], shell);
  }
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return await help(args[0], shell);
  const { summary, command } = await find(name);
  if (asksForHelp(command, args)) return print(commandHelp(name, summary, command), shell);
  const { values, operands } = parse(name, command, args);
  return await command.run(values as Values<Options>, operands, shell);
}

async function find(name: string): Promise<{ summary: string; command: Command }> {
  if (name.startsWith("-")) throw new UsageError(`${name} has no command before it`, `mayfly COMMAND ${name} ...`);
  if (!Object.hasOwn(COMMANDS, name)) {
    const meant = suggest(name, Object.keys(COMMANDS));
    throw new UsageError(`mayfly has no command ${name}`, meant ? `mayfly ${meant}` : "mayfly --help");
  }
  const { summary, load } = COMMANDS[name];
  return { summary, command: (await load()).default };
}

async function help(name: string | undefined, shell: Shell): Promise<number> {
  if (name === undefined || name.startsWith("-")) {
    return print(overview(Object.entries(COMMANDS).map(([name, { summary }]) => ({ name, summary }))), shell);
  }
  const { summary, command } = await find(name);
  return print(commandHelp(name, summary, command), shell);
}

/** What another program is to be asked is none of this. */
function asksForHelp(command: Command, args: readonly string[]): boolean {
  if (takesMore(command.operands) && (args.length === 0 || args[0] === "help")) return true;
  const ours = endedAtCommand(command, args);
  const end = ours.indexOf("--");
  return ours.slice(0, end < 0 ? undefined : end).some((arg) => arg === "--help" || arg === "-h");
}

function print(lines: readonly string[], shell: Shell): number {
  for (const line of lines) shell.print(line);
  return 0;
}

/** An operator's mistake with what to try; anything else is ours. Stacks are for those who ask for them. */
function tell(error: unknown, shell: Shell): void {
  const isDebug = shell.env.MAYFLY_DEBUG === "1";
  const { message, hint } = error instanceof OperatorError ? error : unexpected(error);
  shell.note(colored("red", "Error:"), ` ${message}`);
  shell.note(colored("cyan", "Try:"), ` ${hint}`);
  if (isDebug) { for (const line of safeLines(Deno.inspect(error))) shell.note(line); }
}

function unexpected(error: unknown): { message: string; hint: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { message: `Mayfly failed: ${message.split("\n", 1)[0]}`, hint: "again with MAYFLY_DEBUG=1, and report it" };
}
