/** AWS Lambda handlers: the request as an HTTP API event of version 2.0, and its result as a response. */
import type { Context } from "./context.ts";
import { settings } from "./settings.ts";

export type LambdaFunction = (event: unknown, context: unknown, callback: Callback) => unknown;

interface LambdaResult {
  statusCode?: unknown;
  headers?: Record<string, string | number | boolean>;
  multiValueHeaders?: Record<string, (string | number | boolean)[]>;
  cookies?: string[];
  body?: string;
  isBase64Encoded?: boolean;
}

const TEXT_TYPE = /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded|graphql)|[^;]*\+(json|xml))/i;

/** What a runtime's own Request, Response and the like are to this. */
export interface LambdaRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Iterable<[string, string]> & { get(name: string): string | null };
  bytes(): Promise<Uint8Array>;
}

interface HeaderList {
  append(name: string, value: string): void;
  delete(name: string): void;
  has(name: string): boolean;
  set(name: string, value: string): void;
}

export interface LambdaPlatform {
  readonly URL: new (url: string) => {
    readonly hostname: string;
    readonly pathname: string;
    readonly search: string;
    readonly searchParams: Iterable<[string, string]>;
  };
  readonly Headers: new () => HeaderList;
  // deno-lint-ignore no-explicit-any
  readonly Response: new (body: any, init: { status?: number; headers: any }) => object;
  /** null: it is no UTF-8. */
  textOf(bytes: Uint8Array): string | null;
  /** Monotonic. */
  nowMs(): number;
}

declare global {
  interface Uint8Array<TArrayBuffer extends ArrayBufferLike> {
    toBase64(): string;
  }
  interface Uint8ArrayConstructor {
    fromBase64(text: string): Uint8Array<ArrayBuffer>;
  }
}

async function bodyOf(
  request: LambdaRequest,
  { textOf }: LambdaPlatform,
): Promise<{ body?: string; isBase64Encoded: boolean }> {
  const bytes = await request.bytes();
  if (bytes.length === 0) return { isBase64Encoded: false };
  const isText = TEXT_TYPE.test(request.headers.get("content-type") ?? "");
  const text = isText ? textOf(bytes) : null;
  return text === null ? { body: bytes.toBase64(), isBase64Encoded: true } : { body: text, isBase64Encoded: false };
}

function joined(pairs: Iterable<[string, string]>): Record<string, string> | undefined {
  const object: Record<string, string> = {};
  for (const [name, value] of pairs) object[name] = Object.hasOwn(object, name) ? `${object[name]},${value}` : value;
  return Object.keys(object).length > 0 ? object : undefined;
}

const two = (number: number): string => `${number}`.padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `12/Mar/2020:19:03:58 +0000` */
function accessLogTime(date: Date): string {
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

async function eventOf(request: LambdaRequest, context: Context, platform: LambdaPlatform): Promise<unknown> {
  const url = new platform.URL(request.url);
  const cookie = request.headers.get("cookie");
  const now = new Date();
  const path = url.pathname;
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: url.search.slice(1),
    cookies: cookie === null ? undefined : cookie.split(/;\s*/),
    headers: joined([...request.headers].filter(([name]) => name !== "cookie")) ?? {},
    queryStringParameters: joined(url.searchParams),
    requestContext: {
      accountId: "anonymous",
      apiId: "mayfly",
      domainName: url.hostname,
      domainPrefix: url.hostname.split(".")[0],
      http: {
        method: request.method,
        path,
        protocol: "HTTP/1.1",
        // Not known here; `x-forwarded-for` is what the caller says, where no proxy is in front.
        sourceIp: "0.0.0.0",
        userAgent: request.headers.get("user-agent") ?? "",
      },
      requestId: context.requestId,
      routeKey: "$default",
      stage: "$default",
      time: accessLogTime(now),
      timeEpoch: now.getTime(),
    },
    pathParameters: Object.keys(context.params).length > 0 ? context.params : undefined,
    ...await bodyOf(request, platform),
  };
}

const BYTES_PER_MB = 1024 * 1024;

type Callback = (error: unknown, result: unknown) => void;

/** `done` and its kin are from before there were callbacks; AWS has them still. */
function lambdaContext(context: Context, callback: Callback, { nowMs }: LambdaPlatform): object {
  const { name, version } = settings.function;
  const endMs = nowMs() + settings.timeoutMs;
  return {
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(endMs - nowMs())),
    done: callback,
    succeed: (result: unknown) => callback(null, result),
    fail: (error: unknown) => callback(error ?? new Error("The handler failed"), null),
    functionName: name,
    functionVersion: version,
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    memoryLimitInMB: `${Math.floor(settings.memoryBytes / BYTES_PER_MB)}`,
    awsRequestId: context.requestId,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: version,
    callbackWaitsForEmptyEventLoop: true,
  };
}

function responseOf(result: unknown, { Headers, Response }: LambdaPlatform): object {
  if (result instanceof Response) return result;
  const { statusCode } = (typeof result === "object" && result !== null ? result : {}) as LambdaResult;
  if (statusCode === undefined) {
    const body = typeof result === "string" ? result : JSON.stringify(result) ?? "";
    return new Response(body, { headers: { "content-type": "application/json" } });
  }
  const { headers = {}, multiValueHeaders = {}, cookies = [], body, isBase64Encoded } = result as LambdaResult;
  const list = new Headers();
  for (const [name, value] of Object.entries(headers)) list.append(name, `${value}`);
  for (const [name, values] of Object.entries(multiValueHeaders)) {
    list.delete(name);
    for (const value of values) list.append(name, `${value}`);
  }
  for (const cookie of cookies) list.append("set-cookie", cookie);
  const status = Number(statusCode);
  const isEmpty = body === undefined || body === null;
  if (!isEmpty && !list.has("content-type")) list.set("content-type", "text/plain;charset=UTF-8");
  const content = isEmpty ? null : isBase64Encoded ? Uint8Array.fromBase64(body) : `${body}`;
  return new Response(content, { status, headers: list });
}

/** A handler that returns no promise answers through the callback, or by what it returns where it takes none. */
function call(
  handler: LambdaFunction,
  event: unknown,
  contextWith: (callback: Callback) => object,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const callback: Callback = (error, result) => error ? reject(error) : resolve(result);
  const returned = handler(event, contextWith(callback), callback);
  const isPromise = typeof (returned as { then?: unknown } | undefined)?.then === "function";
  if (isPromise || (handler.length < 3 && returned !== undefined)) resolve(returned);
  else if (handler.length < 2) resolve(undefined);
  return promise;
}

/** A handler of HTTP requests, of one for AWS. */
export function lambdaHandler(handler: LambdaFunction, platform: LambdaPlatform) {
  return async (request: LambdaRequest, context: Context): Promise<object> => {
    const event = await eventOf(request, context, platform);
    const result = await call(handler, event, (callback) => lambdaContext(context, callback, platform));
    return responseOf(result, platform);
  };
}
