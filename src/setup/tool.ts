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
    super(reason === "missing" ? `${tool} is not on PATH` : lastLine(output) ?? `${tool} failed without a word`);
  }
}

export interface ToolOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly hint: string;
}

/** Runs a program to its end. What it printed is told only when it fails. */
export async function runTool([tool, ...args]: readonly string[], { env, cwd, hint }: ToolOptions): Promise<void> {
  const command = new Deno.Command(tool, { args, cwd, env, clearEnv: true, stdin: "null" });
  const result = await command.output().catch((error) => {
    throw error instanceof Deno.errors.NotFound ? new ToolError(tool, "missing", hint) : error;
  });
  if (result.success) return;
  const [stdout, stderr] = [result.stdout, result.stderr].map((bytes) => new TextDecoder().decode(bytes));
  throw new ToolError(tool, "failed", hint, stdout + stderr);
}

function lastLine(text: string): string | undefined {
  return text.split("\n").findLast((line) => line.trim() !== "")?.trim();
}
