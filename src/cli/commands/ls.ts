import { Client } from "../client.ts";
import { command } from "../command.ts";
import { SERVER_OPTIONS } from "../discovery.ts";
import { functionTable } from "../function_table.ts";
import { printJson } from "../json.ts";
import { colored } from "../terminal.ts";

export default command({
  operands: [],
  options: SERVER_OPTIONS,
  async run(values, _operands, shell) {
    const client = await Client.connect(values, shell);
    const [functions, problems] = await Promise.all([client.functions(), client.problems()]);
    if (values.json) return printJson(shell, { functions, problems });
    for (const problem of problems) shell.note(colored("yellow", "Problem:"), ` ${problem}`);
    if (functions.length === 0) shell.note("There are no functions yet: drop a file into the functions folder");
    else for (const line of functionTable(functions)) shell.print(...line);
    return 0;
  },
});
