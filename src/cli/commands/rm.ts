import { OperatorError } from "../../errors.ts";
import { Client } from "../client.ts";
import { command } from "../command.ts";
import { SERVER_OPTIONS } from "../discovery.ts";
import { printJson } from "../json.ts";

export default command({
  operands: ["NAME"],
  options: { ...SERVER_OPTIONS, yes: { type: "boolean", short: "y", help: "does not ask" } },
  async run(values, [name], shell) {
    const client = await Client.connect(values, shell);
    const { file } = await client.function(name);
    if (!values.yes) {
      if (!shell.confirm) {
        throw new OperatorError(`Cannot ask whether ${file} may be deleted`, `mayfly rm ${name} --yes`);
      }
      if (!shell.confirm(`Delete ${file}, and with it the function ${name}?`)) {
        shell.note("Nothing was deleted");
        return 1;
      }
    }
    await client.remove(name);
    if (values.json) return printJson(shell, { removed: name, file });
    shell.print(`Removed ${name} (${file})`);
    return 0;
  },
});
