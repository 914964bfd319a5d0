/** AWS Lambda handlers: the request as an HTTP API event of version 2.0, and its result as a response. */
import type { Context } from "./context.ts";
import type { Handler } from "./exchange.ts";
import { settings } from "./settings.ts";

type LambdaFunction = (event: unknown, context: unknown, callback: Callback) => unknown;

interface LambdaResult {
  statusCode?: unknown;
  headers?: Record<string, string | number | boolean>;
  multiValueHeaders?: Record<string, (string | number | boolean)[]>;
  cookies?: string[];
  body?: string;
  isBase64Encoded?: boolean;
}

const TEXT_TYPE = /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded|graphql)|[^;]*\+(json|xml))/i;

/** null: it is no UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

async function bodyOf(request: Request): Promise<{ body?: string; isBase64Encoded: boolean }> {
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

async function eventOf(request: Request, context: Context): Promise<unknown> {
  const url = new URL(request.url);
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
    ...await bodyOf(request),
  };
}

const BYTES_PER_MB = 1024 * 1024;

type Callback = (error: unknown, result: unknown) => void;

/** `done` and its kin are from before there were callbacks; AWS has them still. */
function lambdaContext(context: Context, callback: Callback): object {
  const { name, version } = settings.function;
  const endMs = performance.now() + settings.timeoutMs;
  return {
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(endMs - performance.now())),
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

function responseOf(result: unknown): Response {
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
function call(handler: LambdaFunction, event: unknown, context: Context): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const callback: Callback = (error, result) => error ? reject(error) : resolve(result);
  const returned = handler(event, lambdaContext(context, callback), callback);
  const isPromise = typeof (returned as { then?: unknown } | undefined)?.then === "function";
  if (isPromise || (handler.length < 3 && returned !== undefined)) resolve(returned);
  else if (handler.length < 2) resolve(undefined);
  return promise;
}

export const lambdaHandler = (handler: LambdaFunction): Handler => async (request, context) =>
  responseOf(await call(handler, await eventOf(request, context), context));
