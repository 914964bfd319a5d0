/** A program of the host could not be run, or said no. */
export class ToolError extends Error {
  override readonly name = "ToolError";
  constructor(
    readonly tool: string,
    readonly reason: "missing" | "failed",
    /** What the operator can try. */
    readonly hint: string,
    /** All that it printed. */
    readonly output = "",
  ) {
    super(reason === "missing" ? `${tool} is not on PATH` : tellingLine(output) ?? `${tool} failed without a word`);
  }
}

export interface ToolOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly hint: string;
}

/** Runs a program to its end. What it printed is told only when it fails. */
export async function runTool([tool, ...args]: readonly string[], { env, cwd, hint }: ToolOptions): Promise<void> {
  try {
    const command = new Deno.Command(tool, { args, cwd, env, clearEnv: true, stdin: "null" });
    const { success, stdout, stderr } = await command.output();
    if (!success) throw new ToolError(tool, "failed", hint, text(stdout) + text(stderr));
  } catch (error) {
    throw error instanceof Deno.errors.NotFound ? new ToolError(tool, "missing", hint) : error;
  }
}

/** Deno starts no program that gets one of these, unless it may start any. */
export function withoutLoaderVariables(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(LD|DYLD)_/.test(name)));
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The first error that it names, else its last line. */
function tellingLine(text: string): string | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (lines.find((line) => /\berror:/i.test(line)) ?? lines.at(-1))?.trim().replace(/^error:\s*/i, "");
}
