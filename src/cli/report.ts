import { summaryOf } from "../gateway/admin_shapes.ts";
import type { DeployEvent, Event } from "../observe/events.ts";
import type { FunctionEntry } from "../registry/function.ts";
import { type FunctionId, qualifiedName } from "../types.ts";
import { functionTable, stateColor } from "./function_table.ts";
import { safeLines } from "./safe_text.ts";
import type { Shell } from "./shell.ts";
import { clip, colored, type Span } from "./terminal.ts";
import { functionUrl, serverUrl } from "./urls.ts";

/** More functions than these are not a table that anybody reads: its beginning is shown. */
const ROWS_AT_MOST = 199;
const ROWS_OF_MANY = 50;
const ERROR_LINES_AT_MOST = 20;
/** Of one line. */
const ERROR_LENGTH = 1000;

/** What `serve` says on the console: its way to the start, then the functions, then every deploy as it happens. */
export class Report {
  #url: string | null = null;

  constructor(private readonly shell: Pick<Shell, "printLater">) {}

  readonly progress = (line: string): void => this.shell.printLater(colored("dim", line));

  /** From here on deploys are told one by one; those before are in the table. */
  ready(entries: readonly FunctionEntry[], address: { hostname: string; port: number }): void {
    const url = this.#url = serverUrl(address);
    const sorted = entries.toSorted((a, b) => qualifiedName(a.id) < qualifiedName(b.id) ? -1 : 1);
    const shown = sorted.slice(0, entries.length > ROWS_AT_MOST ? ROWS_OF_MANY : undefined);
    for (const line of functionTable(shown.map((entry) => summaryOf(entry, url)))) this.shell.printLater(...line);
    if (entries.length > shown.length) this.shell.printLater(`… and ${entries.length - shown.length} more`);
    this.shell.printLater(`Listening on ${url}/ with ${counted(entries)}`);
  }

  readonly event = (event: Event): void => {
    if (event.type === "server") return this.#server(event);
    if (this.#url === null) return;
    if (event.type === "deploy") this.#deploy(event, this.#url);
    if (event.type === "removed") this.shell.printLater(colored("yellow", "removed"), ` ${qualifiedName(event.id)}`);
  };

  #deploy(event: DeployEvent, url: string): void {
    if (event.state === "building") return;
    const done = event.how === "rollback" ? "rolled back" : event.how === "again" ? "deployed again" : "deployed";
    const state = colored(stateColor(event.state), event.state === "ready" ? done : "failed");
    this.shell.printLater(state, ` ${qualifiedName(event.id)}`, ...facts(event, url));
    if (event.error !== null) this.#detail(event.error, "red");
  }

  #server({ level, message, detail }: Event & { type: "server" }): void {
    this.shell.printLater(
      colored(level === "error" ? "red" : level === "warn" ? "yellow" : "dim", level),
      ` ${message}`,
    );
    if (detail !== undefined) this.#detail(detail, "dim");
  }

  #detail(text: string, color: "red" | "dim"): void {
    const lines = safeLines(text);
    for (const line of lines.slice(0, ERROR_LINES_AT_MOST)) {
      this.shell.printLater("  ", colored(color, clip(line, ERROR_LENGTH)));
    }
    if (lines.length > ERROR_LINES_AT_MOST) {
      this.shell.printLater("  ", `… and ${lines.length - ERROR_LINES_AT_MOST} more lines`);
    }
  }
}

function facts({ id, route, state, tier, kind, version, buildMs, why }: DeployEvent, url: string): Span[] {
  const known = [
    functionUrl(url, id, route),
    tier && kind && `${tier}, ${kind}`,
    version && `version ${version}${state === "failed" ? " serves on" : ""}`,
    buildMs !== null && `${Math.round(buildMs)} ms`,
    state === "ready" && why && `${tier}: ${why}`,
  ].filter(Boolean);
  return [colored("dim", `  ${known.join("  ")}`)];
}

function counted(entries: readonly { readonly id: FunctionId; readonly state: string }[]): string {
  const failed = entries.filter(({ state }) => state === "failed").length;
  const functions = `${entries.length} ${entries.length === 1 ? "function" : "functions"}`;
  return failed === 0 ? functions : `${functions}, ${failed} of them failed`;
}
