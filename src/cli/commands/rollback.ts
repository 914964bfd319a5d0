import { Client } from "../client.ts";
import { command } from "../command.ts";
import { SERVER_OPTIONS } from "../discovery.ts";
import { printJson } from "../json.ts";

export default command({
  operands: ["NAME", "[VERSION]"],
  options: SERVER_OPTIONS,
  async run(values, [name, version], shell) {
    const result = await (await Client.connect(values, shell)).rollback(name, version);
    if (values.json) return printJson(shell, result);
    shell.print(`${name} serves version ${result.version} until its source changes`);
    return 0;
  },
});
