/** A host for tests: deploys functions, and calls them. */
import { type Answer, Exchange, type HostCalls } from "./exchange.ts";
import { DEPLOY, ExitCode, HAS_BODY, headFrame } from "./frames.ts";
import { baseImage, Sandbox, type Snapshot } from "./sandbox.ts";

const encoder = new TextEncoder();

export interface DeployOptions {
  env?: Record<string, string>;
  memoryBytes?: number;
  timers?: number;
  logBytes?: number;
  file?: string;
  mount?: string;
  /** Another image than the one that functions start from. */
  image?: Snapshot;
}

export interface CallOptions {
  method?: string;
  url?: string;
  headers?: Record<string, string> | string;
  body?: string | Uint8Array<ArrayBuffer>;
  context?: object;
  id?: string;
  calls?: HostCalls;
}

export class Func {
  constructor(readonly snapshot: Snapshot, readonly kind: string, readonly deployed: Answer) {}

  /** A request in a clone of its own. */
  begin(options: CallOptions = {}): Exchange {
    return beginRequest(Sandbox.clone(this.snapshot), options);
  }

  call(options: CallOptions = {}): Answer {
    return this.begin(options).run();
  }
}

export function beginRequest(sandbox: Sandbox, options: CallOptions = {}): Exchange {
  const { method, url, headers = "", body, context, id, calls } = options;
  const raw = typeof headers === "string"
    ? headers
    : Object.entries(headers).map(([name, value]) => `${name}\n${value}\n`).join("");
  const bytes = typeof body === "string" ? encoder.encode(body) : body ?? null;
  const head = headFrame(
    { method: method ?? (bytes ? "POST" : "GET"), url, headers: raw, id, context: context && JSON.stringify(context) },
    bytes ? HAS_BODY : 0,
  );
  return new Exchange(sandbox, head, bytes, calls);
}

/** Evaluates a bundle as a deploy does, in a new sandbox. */
export async function beginDeploy(source: string, options: DeployOptions = {}, calls?: HostCalls): Promise<Exchange> {
  const context = {
    function: { name: "test", tenant: "home", version: "1" },
    mount: options.mount ?? "/test",
    env: options.env ?? {},
    timeoutMs: 30_000,
    file: options.file ?? "test.js",
    memoryBytes: options.memoryBytes ?? 64 * 1024 * 1024,
    timers: options.timers ?? 1000,
    logBytes: options.logBytes ?? 256 * 1024,
  };
  const head = headFrame({ method: "POST", context: JSON.stringify(context) }, HAS_BODY | DEPLOY);
  return new Exchange(Sandbox.clone(options.image ?? await baseImage()), head, encoder.encode(source), calls);
}

export async function tryDeploy(source: string, options: DeployOptions = {}, calls?: HostCalls): Promise<Answer> {
  return (await beginDeploy(source, options, calls)).run();
}

export async function deploy(source: string, options: DeployOptions = {}): Promise<Func> {
  const exchange = await beginDeploy(source, options);
  const answer = exchange.run();
  if (answer.status !== 200 || answer.exit?.code !== ExitCode.OK) {
    throw new Error(`The deploy failed: ${answer.exit?.text ?? `parked after ${answer.steps} steps`}`);
  }
  return new Func(exchange.sandbox.snapshot(), JSON.parse(answer.text).kind, answer);
}

/** The JSON value of an expression, or of a function's body with `return`, evaluated in a request. */
export async function evaluate(code: string, options: DeployOptions = {}): Promise<unknown> {
  const body = /\breturn\b/.test(code) ? code : `return (${code});`;
  const func = await deploy(
    `export default async () => Response.json({ value: await (async () => { ${body} })() });`,
    options,
  );
  const answer = func.call();
  if (answer.exit?.code !== ExitCode.OK) throw new Error(answer.exit?.text ?? "It never ended");
  return JSON.parse(answer.text).value;
}
