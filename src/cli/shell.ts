import { withoutLoaderVariables } from "../setup/tool.ts";
import { LineQueue } from "./line_queue.ts";
import { type Line, render } from "./terminal.ts";

/** What a command may touch of the world around it, so that a test can stand in for the terminal. */
export interface Shell {
  readonly env: Readonly<Record<string, string>>;
  /** Where the user stands: relative paths are relative to it. */
  readonly cwd: string;
  /** Whether a person reads what is printed. */
  readonly isTerminal: boolean;
  /** One line for the user. */
  print(...line: Line): void;
  /** As `print`, but nothing waits for it: the reader may be slow, or gone. */
  printLater(...line: Line): void;
  /** Resolves when what `printLater` took is written. */
  printed(): Promise<void>;
  /** One line beside the result: errors, notes. */
  note(...line: Line): void;
  /** Bytes as they are, for another program. */
  write(bytes: Uint8Array): void;
  /** null where there is nobody to ask. */
  readonly confirm: ((question: string) => boolean) | null;
  readStdin(): Promise<Uint8Array<ArrayBuffer>>;
  /** Runs a program with this shell's streams, to its end: its exit code, or 128 and the signal that ended it. */
  foreground(command: readonly string[]): Promise<number>;
}

/** The reader of a pipe has gone: there is nobody left to work for. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

export function systemShell(): Shell {
  const encoder = new TextEncoder();
  const env = Deno.env.toObject();
  // A task runs in the folder of its deno.json, and says here where it was called.
  const cwd = env.INIT_CWD || Deno.cwd();
  const queue = new LineQueue(Deno.stdout);
  const shown = (stream: Stream, line: Line) => render(line, stream.isTerminal() && !Deno.noColor);
  const writeLine = (stream: Stream, line: Line) => writeAll(stream, encoder.encode(`${shown(stream, line)}\n`));
  return {
    env,
    cwd,
    isTerminal: Deno.stdout.isTerminal(),
    print: (...line) => writeLine(Deno.stdout, line),
    printLater: (...line) => queue.add(shown(Deno.stdout, line)),
    printed: () => queue.flush(),
    note: (...line) => writeLine(Deno.stderr, line),
    write: (bytes) => writeAll(Deno.stdout, bytes),
    confirm: Deno.stdin.isTerminal() ? (question) => confirm(render([question], false)) : null,
    readStdin: () => new Response(Deno.stdin.readable).bytes(),
    foreground: (command) => foreground(command, { cwd, env }),
  };
}

/** What ends this process ends the program, which then says how it ended. */
async function foreground(
  [program, ...args]: readonly string[],
  { cwd, env }: Pick<Shell, "cwd" | "env">,
): Promise<number> {
  const child = new Deno.Command(program, {
    ...{ args, cwd, env: withoutLoaderVariables(env), clearEnv: true },
    ...{ stdin: "inherit", stdout: "inherit", stderr: "inherit" },
  }).spawn();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const pass = signals.map((signal) => () => {
    try {
      child.kill(signal);
    } catch { /* It has ended. */ }
  });
  signals.forEach((signal, at) => Deno.addSignalListener(signal, pass[at]));
  const { code } = await child.status;
  signals.forEach((signal, at) => Deno.removeSignalListener(signal, pass[at]));
  return code;
}

type Stream = typeof Deno.stdout | typeof Deno.stderr;

function writeAll(stream: Stream, bytes: Uint8Array): void {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    throw error instanceof Deno.errors.BrokenPipe ? new OutputClosed("The output was closed", { cause: error }) : error;
  }
}
