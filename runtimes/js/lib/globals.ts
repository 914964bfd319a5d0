/** What the library adds to the global object. */
import { AbortController, AbortSignal } from "./abort.ts";
import { Blob, File } from "./blob.ts";
import { console } from "./console.ts";
import { CompressionStream, DecompressionStream } from "./compression_streams.ts";
import { Crypto, crypto } from "./crypto.ts";
import { CryptoKey } from "./crypto/key.ts";
import { SubtleCrypto } from "./crypto/subtle.ts";
import { Deno } from "./deno.ts";
import { TextDecoderStream, TextEncoderStream } from "./encoding_streams.ts";
import { Event, EventTarget } from "./events.ts";
import { reportException } from "./exceptions.ts";
import { fetch } from "./fetch.ts";
import { FileReader, ProgressEvent } from "./file_reader.ts";
import { FormData } from "./form_data.ts";
import { CustomEvent, ErrorEvent, globalEventFunctions, PromiseRejectionEvent } from "./global_events.ts";
import { Headers } from "./headers.ts";
import { Intl } from "./intl.ts";
import { MessageChannel, MessageEvent, MessagePort } from "./message_channel.ts";
import { queueMicrotask } from "./microtasks.ts";
import { Navigator, navigator } from "./navigator.ts";
import { Performance, performance } from "./performance.ts";
import { clearImmediate, setImmediate } from "./node/timers.ts";
import { PerformanceEntry, PerformanceMark, PerformanceMeasure } from "./performance_entry.ts";
import { PerformanceObserver, PerformanceObserverEntryList } from "./performance_observer.ts";
import { addInterface } from "./platform_objects.ts";
import { process } from "./process.ts";
import { publishClass, publishFunctions, publishValue } from "./publish.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import * as streams from "./streams.ts";
import { structuredClone } from "./structured_clone.ts";
import * as timers from "./timers.ts";
import { URL } from "./url.ts";
import { URLPattern } from "./url_pattern.ts";
import { URLSearchParams } from "./url_search_params.ts";

const classes = {
  AbortController,
  AbortSignal,
  Blob,
  Crypto,
  CryptoKey,
  CompressionStream,
  CustomEvent,
  DecompressionStream,
  ErrorEvent,
  Event,
  EventTarget,
  File,
  FileReader,
  FormData,
  Headers,
  MessageChannel,
  MessageEvent,
  MessagePort,
  Navigator,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
  ProgressEvent,
  PromiseRejectionEvent,
  Request,
  Response,
  SubtleCrypto,
  TextDecoderStream,
  TextEncoderStream,
  URL,
  URLPattern,
  URLSearchParams,
};
for (const [name, constructor] of Object.entries(classes)) publishClass(name, constructor);

for (const [name, constructor] of Object.entries(streams)) {
  addInterface(constructor.prototype);
  publishValue(name, constructor);
}

publishValue("Deno", Deno);
// As a namespace has it: a prototype of its own, without members.
publishValue("console", Object.setPrototypeOf(console, {}));
publishValue("crypto", crypto);
publishValue("Intl", Intl);
publishValue("navigator", navigator);
publishValue("performance", performance);
publishValue("process", process);
publishValue("self", globalThis);
publishValue("global", globalThis);

publishFunctions({
  ...globalEventFunctions,
  setTimeout: timers.setTimeout,
  setInterval: timers.setInterval,
  clearTimeout: timers.clearTimeout,
  clearInterval: timers.clearInterval,
  setImmediate,
  clearImmediate,
  queueMicrotask,
  reportError: reportException,
  structuredClone,
  fetch,
});
