import type { Expectation } from "../harness.ts";

/** One promise to a caller, whatever language and tier the function runs in. */
export interface Case {
  readonly property: string;
  /** What the guest is asked to do; every runtime's guest knows all of these. */
  readonly behaviour: Behaviour;
  readonly request?: {
    readonly method?: string;
    readonly headers?: readonly (readonly [string, string])[];
    readonly body?: string | Uint8Array<ArrayBuffer>;
    /** Added to the query. */
    readonly query?: Readonly<Record<string, string>>;
  };
  readonly expected: Expectation;
  /** Its answer ends before it is whole. */
  readonly cut?: true;
}

/**
 * The guest is one function, at `/guest`, that does what `?do=` says. It sets `timeoutMs` to 1500 and `memoryMb` to the
 * least that its runtime needs.
 */
export type Behaviour =
  | "hello" // answers "hello" as text/plain
  | "echo" // the request's body and content type, as they are
  | "describe" // JSON: method, path, query (of `q`), header (of x-test), length of the body
  | "status" // answers with the status in `?code=`
  | "headers" // two set-cookie headers, and one x-answer
  | "stream" // `?count=` chunks of 1024 bytes "x"
  | "count" // JSON: how many bytes the body had
  | "increment" // adds 1 to a global variable, answers what it is then
  | "random" // a number from the language's ordinary generator
  | "log" // writes "a line" to its log, answers "logged"
  | "env" // JSON: the names of all environment variables
  | "sleep" // waits for `?ms=`, answers "woke"
  | "throw" // fails with an error that is not caught
  | "nonsense" // answers what is no response
  | "spin" // never ends
  | "wait" // waits for what never comes
  | "allocate" // holds more and more memory until there is none
  | "recurse" // calls itself without end
  | "cut"; // begins a response body, and fails in the middle of it

/** Each runtime says what it is. */
export const UNCAUGHT: Expectation = {};

const everyByte = new Uint8Array(256).map((_, at) => at);

export const CASES: readonly Case[] = [
  { property: "a text answer arrives", behaviour: "hello", expected: { text: "hello" } },
  {
    property: "every byte of a body goes in and comes out",
    behaviour: "echo",
    request: { method: "POST", body: everyByte, headers: [["content-type", "application/x-bytes"]] },
    expected: {
      text: new TextDecoder().decode(everyByte),
      headers: { "content-type": "application/x-bytes", "content-length": "256" },
    },
  },
  {
    property: "an empty body stays empty",
    behaviour: "echo",
    request: { method: "POST", body: "" },
    expected: { text: "" },
  },
  {
    property: "method, path, query, headers and body reach the guest",
    behaviour: "describe",
    request: { method: "PUT", body: "four", query: { q: "a b&c=ü" }, headers: [["x-test", "x; y=1"]] },
    expected: { json: { method: "PUT", path: "/guest", query: "a b&c=ü", header: "x; y=1", length: 4 } },
  },
  {
    property: "a status of the guest's own is passed on",
    behaviour: "status",
    request: { query: { code: "418" } },
    expected: { status: 418 },
  },
  {
    property: "a status without a body has none",
    behaviour: "status",
    request: { query: { code: "204" } },
    expected: { status: 204, text: "" },
  },
  {
    property: "an error status of the guest's own is not the server's",
    behaviour: "status",
    request: { query: { code: "503" } },
    expected: { status: 503, text: "" },
  },
  {
    property: "headers of the guest's own are passed on",
    behaviour: "headers",
    expected: { headers: { "x-answer": "42", "set-cookie": "a=1; Path=/" } },
  },
  {
    property: "HEAD gets the headers without the body",
    behaviour: "hello",
    request: { method: "HEAD" },
    expected: { text: "", headers: { "content-type": /^text\/plain/ } },
  },
  {
    property: "a streamed answer arrives whole",
    behaviour: "stream",
    request: { query: { count: "300" } },
    expected: { text: "x".repeat(300 * 1024) },
  },
  {
    property: "a body larger than any buffer on its way arrives whole",
    behaviour: "count",
    request: { method: "POST", body: new Uint8Array(3_000_001) },
    expected: { json: { bytes: 3_000_001 } },
  },
  { property: "a global starts where init left it", behaviour: "increment", expected: { text: "1" } },
  { property: "a global set by one request is not seen by the next", behaviour: "increment", expected: { text: "1" } },
  { property: "a log line does not disturb the answer", behaviour: "log", expected: { text: "logged" } },
  { property: "the environment is the function's own and nothing else", behaviour: "env", expected: { json: ["OWN"] } },
  {
    property: "waiting does not end a request",
    behaviour: "sleep",
    request: { query: { ms: "50" } },
    expected: { text: "woke" },
  },
  { property: "an error that is not caught ends its request alone", behaviour: "throw", expected: UNCAUGHT },
  { property: "an answer that is none is a bad response", behaviour: "nonsense", expected: { code: "bad_response" } },
  { property: "an endless loop ends at the deadline", behaviour: "spin", expected: { code: "timeout" } },
  { property: "an endless wait ends at the deadline", behaviour: "wait", expected: { code: "timeout" } },
  { property: "memory has an end", behaviour: "allocate", expected: { code: "memory" } },
  { property: "recursion has an end", behaviour: "recurse", expected: UNCAUGHT },
  {
    property: "an answer that fails in its middle never looks complete",
    behaviour: "cut",
    expected: { status: 200 },
    cut: true,
  },
];
