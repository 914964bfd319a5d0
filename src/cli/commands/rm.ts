import { OperatorError } from "../../errors.ts";
import { LIMITS } from "../../limits.ts";
import type { SourceExtent } from "../../registry/function.ts";
import { Client } from "../client.ts";
import { command } from "../command.ts";
import { SERVER_OPTIONS } from "../discovery.ts";
import { printJson } from "../json.ts";

export default command({
  operands: ["NAME"],
  options: { ...SERVER_OPTIONS, yes: { type: "boolean", short: "y", help: "does not ask" } },
  async run(values, [name], shell) {
    const client = await Client.connect(values, shell);
    const { source, error, file } = await client.function(name);
    if (source === null) throw new OperatorError(`Cannot remove ${name}: ${error}`, `mv ${file} ELSEWHERE`);
    if (!values.yes) {
      if (!shell.confirm) {
        throw new OperatorError(`Cannot ask whether ${source.path} may be deleted`, `mayfly rm ${name} --yes`);
      }
      if (!shell.confirm(`Delete ${all(source)}?`)) {
        shell.note("Nothing was deleted");
        return 1;
      }
    }
    const removed = await client.remove(name);
    if (values.json) return printJson(shell, removed);
    shell.print(`Removed ${name}: ${all(removed)}`);
    return 0;
  },
});

function all({ path, files }: SourceExtent): string {
  const what = path.endsWith("/") ? `the folder ${path} (${counted(files)})` : path;
  return `${what}, its versions and its log`;
}

function counted(files: number): string {
  if (files === LIMITS.countedFiles) return `${files} files or more`;
  return files === 1 ? "1 file" : `${files} files`;
}
