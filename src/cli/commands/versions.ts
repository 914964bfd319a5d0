import type { VersionSummary } from "../../gateway/admin_shapes.ts";
import { Client } from "../client.ts";
import { command } from "../command.ts";
import { SERVER_OPTIONS } from "../discovery.ts";
import { printJson } from "../json.ts";
import { table } from "../table.ts";
import { colored, type Line } from "../terminal.ts";

export default command({
  operands: ["NAME"],
  options: SERVER_OPTIONS,
  async run(values, [name], shell) {
    const versions = await (await Client.connect(values, shell)).versions(name);
    if (values.json) return printJson(shell, versions);
    for (const line of table(["VERSION", "DEPLOYED", "SNAPSHOT", ""], versions.map(row))) shell.print(...line);
    return 0;
  },
});

function row({ version, deployedAtMs, snapshotBytes, active }: VersionSummary): Line {
  return [
    version,
    new Date(deployedAtMs).toISOString(),
    `${Math.ceil(snapshotBytes / 1024)} KB`,
    active ? colored("green", "serves") : "",
  ];
}
