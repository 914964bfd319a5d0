import { vmProgram } from "../../setup/setup.ts";
import { viaPython } from "../../setup/vm.ts";
import { suggest } from "../../suggest.ts";
import { command, type Values } from "../command.ts";
import { guestCommand } from "../guest_command.ts";
import { colored } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";

const ACTIONS = ["run", "bench"];

const OPTIONS = {
  trace: { type: "boolean", help: "shows the system calls, on standard error" },
  memory: { type: "string", value: "MB", help: "memory of the VM (1024)" },
  view: { type: "string", value: "PATH", multiple: true, help: "shows a file or folder of this host, read-only" },
  env: { type: "string", value: "NAME=VALUE", multiple: true, help: "sets a variable" },
  "deadline-ms": { type: "string", value: "N", help: "ends it after so long (never)" },
  snapshot: { type: "string", value: "FILE", help: "writes a snapshot when it first waits for its input" },
} as const;

export default command({
  operands: ["run|bench", "COMMAND..."],
  options: OPTIONS,
  async run(values, [action, ...wanted], shell) {
    if (!ACTIONS.includes(action)) {
      const meant = suggest(action, ACTIONS) ?? "run";
      throw new UsageError(`mayfly vm cannot ${action}`, `mayfly vm ${meant} -- COMMAND...`);
    }
    const [program, guest] = await Promise.all([
      vmProgram({ env: shell.env, progress: (line) => shell.note(colored("dim", line)) }),
      guestCommand(wanted, shell),
    ]);
    const options = optionsOf({ ...values, view: [...values.view ?? [], ...guest.scripts] });
    return await shell.foreground(viaPython([program, action, ...options, "--", ...guest.words], shell.env));
  },
});

/** As the engine's program takes them. */
function optionsOf(values: Values<typeof OPTIONS>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [value].flat().flatMap((one) => [`--${name}`, String(one)])
  );
}
