import { Client } from "../client.ts";
import { command } from "../command.ts";
import { SERVER_OPTIONS } from "../discovery.ts";
import { printJsonLine } from "../json.ts";
import { logLines, type LogText } from "../log_lines.ts";
import { UsageError } from "../usage_error.ts";

export default command({
  operands: ["[NAME]"],
  options: {
    ...SERVER_OPTIONS,
    json: { type: "boolean", help: "prints a JSON object per line" },
    follow: { type: "boolean", short: "f", help: "goes on with new lines as they come" },
    lines: { type: "string", short: "n", value: "N", help: "how many lines to begin with (100)" },
  },
  async run(values, [name], shell) {
    const lines = lineCount(values.lines ?? "100");
    const client = await Client.connect(values, shell);
    await client.logs(name, { lines, follow: values.follow ?? false }, (line) => {
      if (values.json) printJsonLine(shell, line);
      else for (const shown of logLines(line as LogText)) shell.print(...shown);
    });
    return 0;
  },
});

function lineCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--lines cannot be ${text}`, "a number, as in --lines 100");
}
