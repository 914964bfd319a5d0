export const REPO = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** The `mayfly` command, with exactly the permissions that `deno task start` gives it; `starter` is what starts it. */
export function mayflyCommand(
  args: readonly string[],
  options: Deno.CommandOptions = {},
  denoFlags: readonly string[] = [],
  starter: readonly string[] = [],
): Deno.Command {
  const [program, ...more] = [...starter, Deno.execPath()];
  return new Deno.Command(program, {
    ...options,
    args: [...more, "run", ...startFlags(), ...denoFlags, `${REPO}/main.ts`, ...args],
    env: { NO_COLOR: "1", ...options.env },
  });
}

function startFlags(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${REPO}/deno.json`));
  const words: string[] = tasks.mayfly.command.split(/\s+/);
  return words.slice(words.indexOf("run") + 1, words.indexOf("main.ts"));
}
