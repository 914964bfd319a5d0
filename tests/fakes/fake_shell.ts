import { OutputClosed, type Shell } from "../../src/cli/shell.ts";
import { type Line, render } from "../../src/cli/terminal.ts";

/** A shell that keeps what it is told. */
export class FakeShell implements Shell {
  env: Record<string, string> = {};
  cwd = "/nowhere";
  isTerminal = false;
  isClosed = false;
  confirm: ((question: string) => boolean) | null = null;
  stdin = "";
  out = "";
  notes = "";
  /** What was run in the foreground. */
  readonly commands: (readonly string[])[] = [];

  print(...line: Line): void {
    this.write(new TextEncoder().encode(render(line, false) + "\n"));
  }

  printLater(...line: Line): void {
    this.print(...line);
  }

  printed(): Promise<void> {
    return Promise.resolve();
  }

  note(...line: Line): void {
    this.notes += render(line, false) + "\n";
  }

  write(bytes: Uint8Array): void {
    if (this.isClosed) throw new OutputClosed("The output was closed");
    this.out += new TextDecoder().decode(bytes);
  }

  foreground(command: readonly string[]): Promise<number> {
    this.commands.push(command);
    return Promise.resolve(0);
  }

  readStdin(): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(new TextEncoder().encode(this.stdin));
  }
}
