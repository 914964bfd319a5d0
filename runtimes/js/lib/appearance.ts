/** How the library's own interfaces look in the log: by the members that matter. */
import { AbortSignal } from "./abort.ts";
import { Blob, File } from "./blob.ts";
import { Context } from "../../shared/context.ts";
import { CryptoKey } from "./crypto/key.ts";
import { Event } from "./events.ts";
import { FormData } from "./form_data.ts";
import { Headers } from "./headers.ts";
import { PRIVATE_CUSTOM } from "./inspect.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { ReadableStream, TransformStream, WritableStream } from "./streams.ts";
import { URL } from "./url.ts";
import { URLSearchParams } from "./url_search_params.ts";

type Show = (value: unknown) => string;

function defineInspection(prototype: object, inspect: (this: never, show: Show, options: { depth: number }) => string) {
  Object.defineProperty(prototype, PRIVATE_CUSTOM, { value: inspect, writable: true, configurable: true });
}

const nameOf = (object: object): string => object.constructor?.name ?? "Object";

/** `Blob { size: 1, type: "" }` */
function showMembers(prototype: object, keys: readonly string[]): void {
  defineInspection(prototype, function (this: Record<string, unknown>, show, { depth }) {
    if (depth < 0) return `[${nameOf(this)}]`;
    return `${nameOf(this)} ${show(Object.fromEntries(keys.map((key) => [key, this[key]])))}`;
  });
}

/** `Headers { a: "1" }` */
function showAsObject(prototype: object): void {
  defineInspection(prototype, function (this: Iterable<[string, unknown]> & object, show) {
    return `${nameOf(this)} ${show(Object.fromEntries(this))}`;
  });
}

/** `URLSearchParams { "a" => "1" }` */
function showAsMap(prototype: object): void {
  defineInspection(prototype, function (this: Iterable<[string, unknown]> & object, show) {
    const [, shown] = show(new Map(this)).split(/(?<=^Map\(\d+\)) /s);
    return `${nameOf(this)} ${shown}`;
  });
}

/** The values of the environment are left out: what is logged is read by others than the function. */
function showContext(): void {
  defineInspection(Context.prototype, function (this: Context, show, { depth }) {
    if (depth < 0) return "[Context]";
    const { params, mount, requestId, signal, function: name } = this;
    const env = Object.fromEntries(Object.keys(this.env).map((key) => [key, "..."]));
    return `Context ${show({ params, mount, requestId, signal, function: name, env })}`;
  });
}

showContext();
showAsObject(Headers.prototype);
showAsMap(URLSearchParams.prototype);
showAsMap(FormData.prototype);
showMembers(URL.prototype, [
  ...["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "hash", "search"],
]);
showMembers(Request.prototype, ["bodyUsed", "headers", "method", "redirect", "url"]);
showMembers(Response.prototype, [
  ...["body", "bodyUsed", "headers", "ok", "redirected", "status", "statusText", "url"],
]);
showMembers(Blob.prototype, ["size", "type"]);
showMembers(CryptoKey.prototype, ["type", "extractable", "algorithm", "usages"]);
showMembers(File.prototype, ["name", "size", "type"]);
showMembers(AbortSignal.prototype, ["aborted", "reason", "onabort"]);
showMembers(Event.prototype, [
  ...["bubbles", "cancelable", "composed", "currentTarget", "defaultPrevented", "eventPhase", "srcElement", "target"],
  ...["returnValue", "timeStamp", "type"],
]);
showMembers(ReadableStream.prototype, ["locked"]);
showMembers(WritableStream.prototype, ["locked"]);
showMembers(TransformStream.prototype, ["readable", "writable"]);
