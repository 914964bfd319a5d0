import { serve } from "../../app.ts";
import type { Event } from "../../observe/events.ts";
import { command } from "../command.ts";
import { DevConsole } from "../dev_console.ts";
import { Report } from "../report.ts";
import { SERVE_OPTIONS, serveOptions } from "../serve_options.ts";
import { firstSignal } from "../signals.ts";

export default command({
  operands: [],
  options: SERVE_OPTIONS,
  async run(values, _operands, shell) {
    const options = await serveOptions(values, shell.cwd);
    const report = new Report(shell);
    const dev = options.dev ? new DevConsole(shell) : null;
    const hear = (event: Event) => {
      report.event(event);
      dev?.event(event);
    };
    try {
      const server = await serve(options, report.progress, hear);
      dev?.begin(server.explain);
      const ended = Promise.race([firstSignal(), server.finished]);
      const told = server.ready.then(() => report.ready(server.functions.list(), server.address));
      await Promise.race([ended, told.then(() => ended)]);
      report.progress("Finishing what runs; a second signal ends at once");
      await server.drain();
      return 0;
    } finally {
      await shell.printed();
    }
  },
});
