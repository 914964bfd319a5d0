/** One request: the handler is called, and what it returns is sent. */
import { ExitCode, FrameType, HeadFlag, LAYOUT, RequestString } from "../../../ffi/layout.ts";
import { Context } from "../../shared/context.ts";
import { brief, exitText } from "./error_text.ts";
import { endLog, logUncaught } from "./log.ts";
import { output } from "./output.ts";
import { RequestBody } from "./request_body.ts";
import { ResponseBody } from "./response_body.ts";
import { contentOf } from "./response_content.ts";
import { encode, type Input } from "./wire.ts";

export type Handler = (request: Request, context: Context) => unknown;

const NOTHING = new Uint8Array(0);
const BODILESS = ["GET", "HEAD"];

export class Exchange {
  readonly id: string;
  /** JSON, or empty. */
  readonly context: string;
  #ending: { readonly code: number; readonly text: string } | null = null;
  readonly #method: string;
  readonly #url: string;
  readonly #headers: string;
  readonly #requestBody: RequestBody | null;
  readonly #responseBody = new ResponseBody();
  readonly #onOver: () => void;
  #aborting: AbortController | null = null;
  #isCanceled = false;
  #hasHead = false;
  #isAnswered = false;
  #held = 0;

  constructor(head: Input, onOver: () => void) {
    const strings = head.strings(RequestString.STRINGS);
    this.#method = strings[RequestString.METHOD];
    this.#url = strings[RequestString.URL];
    this.#headers = strings[RequestString.HEADERS];
    this.id = strings[RequestString.ID];
    this.context = strings[RequestString.CONTEXT];
    this.#requestBody = (head.flags & HeadFlag.HAS_BODY) !== 0 ? new RequestBody() : null;
    this.#onOver = onOver;
  }

  get isOver(): boolean {
    return this.#ending !== null;
  }

  /** The last frame: by now all that the request leaves for the log is in it. */
  writeExit(): void {
    const { code, text } = this.#ending!;
    endLog();
    output.text(FrameType.EXIT, code, text);
  }

  get signal(): AbortSignal {
    if (this.#aborting === null) {
      this.#aborting = new AbortController();
      if (this.#isCanceled) this.#aborting.abort(canceled());
    }
    return this.#aborting.signal;
  }

  /** A frame that is for this request. */
  take(frame: Input): void {
    if (frame.type === FrameType.CHUNK) this.#requestBody?.add(frame.payload.slice());
    else if (frame.type === FrameType.END) this.#requestBody?.end();
    else if (frame.type === FrameType.CREDIT) this.#responseBody.grant(frame.word(0));
    else if (frame.type === FrameType.CANCEL) this.#cancel();
  }

  start(handler: Handler): void {
    let result: unknown;
    try {
      result = handler(this.#request(), new Context(this));
    } catch (error) {
      return this.#fail(error);
    }
    if (result instanceof Response) this.#respond(result);
    else if (isThenable(result)) Promise.resolve(result).then((value) => this.#finish(value), (e) => this.#fail(e));
    else this.#finish(result);
  }

  waitUntil(value: unknown): void {
    this.#held++;
    Promise.resolve(value).catch((error) => logUncaught(error, "Uncaught (in promise)")).then(() => {
      this.#held--;
      this.#exitIfDone();
    });
  }

  #request(): Request {
    const headers: [string, string][] = [];
    const lines = this.#headers.split("\n");
    for (let i = 0; i + 1 < lines.length; i += 2) headers.push([lines[i], lines[i + 1]]);
    const hasBody = this.#requestBody !== null && !BODILESS.includes(this.#method);
    const body = hasBody ? this.#requestBody!.content() : undefined;
    const request = new Request(this.#url, { method: this.#method, headers, body });
    Object.defineProperty(request, "signal", { get: () => this.signal, configurable: true });
    return request;
  }

  #finish(result: unknown): void {
    if (result instanceof Response) return this.#respond(result);
    this.#refuse(`The handler did not return a Response but ${brief(result)}`);
  }

  #respond(response: Response): void {
    const { status } = response;
    if (status < 200 || status > 599) return this.#refuse(`The handler returned a response of status ${status}`);
    // Where the body is whole, its stream is not even made.
    const content = contentOf(response);
    if (response.bodyUsed || (content instanceof ReadableStream && content.locked)) {
      return this.#refuse("The handler returned a response whose body was read already, or is locked");
    }
    let headers = "";
    for (const [name, value] of response.headers) headers += `${name}\n${value}\n`;
    if (isTooLong(headers)) return this.#refuse("The handler returned a response with too long headers");
    output.text(FrameType.HEAD, status, headers);
    this.#hasHead = true;
    if (content instanceof ReadableStream) return this.#send(this.#responseBody.pipe(content));
    if (content === null) return this.#end();
    const bytes = typeof content === "string" ? encode(content) : content;
    if (this.#responseBody.writeAtOnce(bytes)) this.#end();
    else this.#send(this.#responseBody.write(bytes));
  }

  #send(sending: Promise<void>): void {
    output.flushSoon();
    sending.then(() => this.#end(), (error) => this.#fail(error));
  }

  #end(): void {
    output.frame(FrameType.END, 0, NOTHING);
    this.#isAnswered = true;
    this.#exitIfDone();
    // What is held may take its time: the response does not wait for it.
    if (!this.isOver) output.flushSoon();
  }

  #exitIfDone(): void {
    if (this.#isAnswered && this.#held === 0) this.#exit(ExitCode.OK, "");
  }

  #fail(error: unknown): void {
    const text = exitText(error);
    if (isOutOfMemory(error)) this.#exit(ExitCode.MEMORY, text);
    else this.#exit(this.#hasHead ? ExitCode.BODY_ERROR : ExitCode.EXCEPTION, text);
  }

  #refuse(message: string): void {
    this.#exit(ExitCode.BAD_RESPONSE, `${message}\n`);
  }

  #exit(code: number, text: string): void {
    if (this.isOver) return;
    this.#ending = { code, text };
    this.#onOver();
  }

  #cancel(): void {
    this.#isCanceled = true;
    this.#aborting?.abort(canceled());
    this.#requestBody?.fail(canceled());
    this.#responseBody.cancel(canceled());
  }
}

/** A character takes up to two bytes: most need no counting. */
const isTooLong = (headers: string): boolean =>
  headers.length > LAYOUT.headMax / 2 && encode(headers).length > LAYOUT.headMax;

const canceled = () =>
  new DOMException("The request was canceled: its caller left, or its deadline passed", "AbortError");

/** V8 says so of bytes alone; where it has no room for an object, the program ends. */
const isOutOfMemory = (error: unknown): boolean =>
  error instanceof RangeError && error.message === "Array buffer allocation failed";

function isThenable(value: unknown): boolean {
  try {
    return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
