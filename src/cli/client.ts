import ky, { HTTPError, type KyInstance, type Options as KyOptions } from "ky";
import { OperatorError } from "../errors.ts";
import type { FunctionDescription, FunctionSummary, VersionSummary } from "../gateway/admin_shapes.ts";
import type { SourceExtent } from "../registry/function.ts";
import { errorIn } from "./api_error.ts";
import { findServer, type FoundServer, type ServerChoice } from "./discovery.ts";
import type { Shell } from "./shell.ts";
import { textLines } from "./text_lines.ts";
import { explainTransport } from "./transport.ts";

/** A rollback may build the version's snapshot anew. */
const TIMEOUT_MS = 60_000;

const WHAT_THERE_IS = "mayfly ls tells what there is";
const HINTS: Readonly<Record<string, string>> = {
  unauthorized: "name the data folder of the server with --data DIR, or set MAYFLY_TOKEN",
  forbidden: "ask the server by its own address, with --url URL",
  not_deployed: "again in a moment",
  overload: "again in a moment",
};

/** The admin API of a running server. Whatever goes wrong on the way is an OperatorError. */
export class Client {
  readonly #url: string;
  readonly #api: KyInstance;

  constructor({ url, token }: FoundServer) {
    this.#url = url;
    this.#api = ky.create({
      prefix: `${url}/_mayfly/`,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      redirect: "error",
      retry: 0,
      timeout: TIMEOUT_MS,
    });
  }

  static async connect(choice: ServerChoice, shell: Shell): Promise<Client> {
    return new Client(await findServer(choice, shell));
  }

  functions(): Promise<FunctionSummary[]> {
    return this.#json("functions");
  }

  problems(): Promise<string[]> {
    return this.#json("problems");
  }

  function(name: string): Promise<FunctionDescription> {
    return this.#json(pathOf(name));
  }

  versions(name: string): Promise<VersionSummary[]> {
    return this.#json(`${pathOf(name)}/versions`);
  }

  rollback(name: string, version: string | undefined): Promise<{ version: string }> {
    const hint = `mayfly versions ${name} and mayfly ls tell what there is`;
    return this.#json(`${pathOf(name)}/rollback`, { method: "post", json: { version } }, hint);
  }

  /** Tells what was deleted. */
  remove(name: string): Promise<{ removed: string } & SourceExtent> {
    return this.#json(pathOf(name), { method: "delete" });
  }

  /** Calls `show` for each line as it comes. Of all functions where there is no name. */
  async logs(
    name: string | undefined,
    { lines, follow }: { lines: number; follow: boolean },
    show: (line: unknown) => void,
  ): Promise<void> {
    await this.#ask(async () => {
      const response = await this.#api(name === undefined ? "logs" : `${pathOf(name)}/logs`, {
        searchParams: { lines, ...(follow && { follow: 1 }) },
        timeout: follow ? false : TIMEOUT_MS,
      });
      for await (const line of textLines(response.body!)) {
        if (line !== "") show(JSON.parse(line));
      }
    });
  }

  #json<T>(path: string, options?: KyOptions, hint?: string): Promise<T> {
    return this.#ask(async () => await (await this.#api(path, options)).json<T>(), hint);
  }

  /** `hint` is for what is asked for and is not there. */
  #ask<T>(talk: () => Promise<T>, hint = WHAT_THERE_IS): Promise<T> {
    return explainTransport(this.#url, async () => {
      try {
        return await talk();
      } catch (error) {
        throw error instanceof HTTPError ? this.#refused(error, hint) : error;
      }
    });
  }

  #refused({ response, data }: HTTPError, hint: string): OperatorError {
    const error = errorIn(data);
    if (error) {
      const isMissing = error.code === "not_found" || error.code === "bad_request";
      const known = isMissing ? hint : HINTS[error.code];
      return new OperatorError(error.message, known ?? "see what the server's console says");
    }
    return new OperatorError(
      `What answers at ${this.#url} is no Mayfly server: its status is ${response.status}`,
      "mayfly serve, or name the server with --data DIR or --url URL",
    );
  }
}

const pathOf = (name: string) => `functions/${encodeURIComponent(name)}`;
