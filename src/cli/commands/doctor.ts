import { resolve } from "node:path";
import { type Check, diagnose } from "../../doctor.ts";
import { command } from "../command.ts";
import { printJson } from "../json.ts";
import { DEFAULT_DATA_DIR, SERVE_OPTIONS } from "../serve_options.ts";
import type { Shell } from "../shell.ts";
import { type Color, colored } from "../terminal.ts";
import { table } from "../table.ts";

const COLORS: Readonly<Record<Check["state"], Color>> = { ok: "green", warn: "yellow", missing: "red" };

export default command({
  operands: [],
  options: { data: SERVE_OPTIONS.data, json: { type: "boolean", help: "prints JSON" } },
  async run(values, _operands, shell) {
    const checks = await diagnose({
      dataDir: resolve(shell.cwd, values.data ?? DEFAULT_DATA_DIR),
      env: shell.env,
      progress: (line) => shell.note(colored("dim", line)),
    });
    if (values.json) printJson(shell, checks);
    else show(checks, shell);
    return checks.some(({ state }) => state === "missing") ? 1 : 0;
  },
});

function show(checks: readonly Check[], shell: Shell): void {
  const [, ...rows] = table(
    ["", "", ""],
    checks.map(({ name, state, detail }) => [colored(COLORS[state], state), name, detail]),
  );
  for (const [at, row] of rows.entries()) {
    shell.print(...row);
    const { hint } = checks[at];
    if (hint !== null) shell.print("  ", colored("cyan", "Try:"), ` ${hint}`);
  }
}
