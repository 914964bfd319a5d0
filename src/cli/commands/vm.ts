import { vmProgram } from "../../setup/setup.ts";
import { viaPython } from "../../setup/vm_engine.ts";
import { command } from "../command.ts";
import { guestCommand } from "../guest_command.ts";
import { colored } from "../terminal.ts";
import { engineOptions, VM_OPTIONS } from "../vm_options.ts";

const NOTES = `
run starts a program of this machine in a VM that sees no home folder and no network:

  mayfly vm run python3 -c 'print(1)'
  mayfly vm run --memory 256 --view . -- ./program --its-option

bench measures clones and resets of a program that reads requests and writes answers:

  mayfly vm bench --request hello --runs 1000 cat

Exit codes: the program's own; 124 its deadline passed, 125 the VM failed or used up its memory,
126 it cannot be executed, 127 it was not found, 128+N signal N ended it; 2 the command line was wrong.`;

export default command({
  operands: ["run|bench", "COMMAND..."],
  options: VM_OPTIONS,
  notes: NOTES.split("\n"),
  async run(values, [action, ...wanted], shell) {
    const options = engineOptions(values);
    const [program, guest] = await Promise.all([
      vmProgram({ env: shell.env, progress: (line) => shell.note(colored("dim", line)) }),
      guestCommand(wanted, shell),
    ]);
    const scripts = guest.scripts.flatMap((path) => ["--view", path]);
    return await shell.foreground(
      viaPython([program, action, ...options, ...scripts, "--", ...guest.words], shell.env),
    );
  },
});
