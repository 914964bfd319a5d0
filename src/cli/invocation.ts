import { resolve } from "node:path";
import { OperatorError } from "../errors.ts";
import { routePattern } from "../registry/route_pattern.ts";
import { parseQualifiedName } from "../types.ts";
import type { Options, Values } from "./command.ts";
import type { Shell } from "./shell.ts";
import { functionUrl } from "./urls.ts";
import { UsageError } from "./usage_error.ts";

export const INVOKE_OPTIONS = {
  data: { type: "string", short: "d", value: "TEXT", help: "the body; @FILE sends a file, @- standard input" },
  method: { type: "string", short: "X", value: "METHOD", help: "GET, or POST where there is a body" },
  header: { type: "string", short: "H", value: "HEADER", multiple: true, help: "'name: value'; may be repeated" },
  path: { type: "string", value: "PATH", help: "what to ask for: /api/7?x=1, or ?x=1 at the function's own path" },
} as const satisfies Options;

type InvokeValues = Values<typeof INVOKE_OPTIONS>;

/** The request that calls a function of the server. Throws OperatorError. */
export async function invocationRequest(
  serverUrl: string,
  name: string,
  values: InvokeValues,
  shell: Shell,
): Promise<Request> {
  const url = urlOf(serverUrl, name, values.path);
  const headers = headersOf(values.header ?? []);
  const body = values.data === undefined ? null : await bodyOf(values.data, shell);
  const method = values.method ?? (body === null ? "GET" : "POST");
  try {
    return new Request(url, { method, headers, body, redirect: "manual" });
  } catch (error) {
    throw new UsageError(`Cannot send such a request: ${(error as Error).message}`, "another --method or --data", {
      cause: error,
    });
  }
}

function urlOf(serverUrl: string, name: string, path = ""): string {
  if (path.startsWith("/")) return serverUrl + path;
  if (path !== "" && !path.startsWith("?")) {
    throw new UsageError(
      `--path cannot be ${path}`,
      "a path from the server's root, like /api/7, or a query, like ?x=1",
    );
  }
  return functionUrl(serverUrl, parseQualifiedName(name.replace(/^\//, "")), ownPath(name)) + path;
}

/** Of a function without parameters, as the URL standard writes it. */
function ownPath(name: string): string {
  const { segments, text } = routePattern(parseQualifiedName(name.replace(/^\//, "")).name);
  if (segments.some(({ kind }) => kind !== "fixed")) {
    throw new UsageError(`${name} has no single path: its route is ${text}`, `--path with one that it answers`);
  }
  return `/${segments.map(({ text }) => text).join("/")}`;
}

function headersOf(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (name.toLowerCase() === "host") {
      throw new UsageError("--header cannot set Host", "the function by its full name, like @acme/score");
    }
    try {
      headers.append(name, line.slice(colon + 1).trim());
    } catch (error) {
      throw new UsageError(`--header cannot be ${line}`, "--header 'name: value'", { cause: error });
    }
  }
  return headers;
}

async function bodyOf(data: string, shell: Shell): Promise<Uint8Array<ArrayBuffer>> {
  if (data === "@-") return await shell.readStdin();
  if (!data.startsWith("@")) return new TextEncoder().encode(data);
  const file = resolve(shell.cwd, data.slice(1));
  try {
    return await Deno.readFile(file);
  } catch (error) {
    throw new OperatorError(
      `Cannot read ${file}: ${(error as Error).message}`,
      "--data @FILE with a file that is there",
      {
        cause: error,
      },
    );
  }
}
