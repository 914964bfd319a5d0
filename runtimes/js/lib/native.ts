/** What the engine offers the library (runtimes/js/engine/*.c). Nothing of it is reachable for a user's code. */
export { ExitCode, LogLevel, RequestString as HeadString } from "../../../ffi/layout.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** Bits of `bodyState`. */
export const BodyState = { UNREAD: 1, COMPLETE: 2 } as const;

export const PromiseState = { NONE: -1, PENDING: 0, FULFILLED: 1, REJECTED: 2 } as const;

export const HashAlgorithm = {
  "MD5": 0,
  "SHA-1": 1,
  "SHA-224": 2,
  "SHA-256": 3,
  "SHA-384": 4,
  "SHA-512": 5,
  "SHA3-224": 6,
  "SHA3-256": 7,
  "SHA3-384": 8,
  "SHA3-512": 9,
} as const;

/** What the engine calls the library for. */
export interface Callbacks {
  onDeploy(context: string): void;
  onRequest(context: string, hasBody: boolean): void;
  onBody(): void;
  onWritable(): void;
  onAnswer(id: number, failed: boolean, result: Bytes | string): void;
  onCancel(): void;
  onTimer(): void;
  onRejection(promise: Promise<unknown>, reason: unknown): void;
  onSendable(): void;
  builtin(name: string): unknown;
}

export interface Native {
  install(callbacks: Callbacks): void;

  log(level: number, text: string): void;
  exit(code: number, text: string): void;
  hold(): void;
  release(): void;
  now(): number;
  timeOrigin(): number;
  setNextTimer(ms: number): void;
  randomFill(bytes: Bytes): void;
  setLimits(memoryBytes: number, logBytes: number): void;
  memoryRanOut(): boolean;
  spareMemory(): void;
  settleHeap(): void;

  promiseState(value: unknown): number;
  promiseResult(promise: Promise<unknown>): unknown;
  promiseThen<T>(promise: Promise<T>, onFulfilled: (value: T) => void, onRejected: (reason: unknown) => void): void;
  markHandled(promise: Promise<unknown>): void;
  enqueueJob(job: () => void): void;
  asyncContext(): unknown;
  setAsyncContext(context: unknown): void;
  bindAsyncContext<F extends (...args: never[]) => unknown>(callback: F): F;
  className(value: object): string;
  proxyTarget(value: object): object | undefined;

  headString(which: number): string;
  headHeader(name: string): string | null | undefined;

  bodyState(): number;
  bodyWant(whole: boolean): void;
  bodyText(): string;
  bodyBytes(most: number): Bytes;

  respond(status: number, headers: string, body: string | Bytes | undefined, more: boolean): boolean;
  write(piece: Bytes | undefined, last: boolean): boolean;

  call(id: number, operation: number, bytes: Bytes): boolean;

  utf8Decode(bytes: Bytes, fatal: boolean): string | null;
  utf8Tail(bytes: Bytes): number;
  utf8Encode(text: string): Bytes;
  utf8EncodeInto(text: string, target: Bytes): [read: number, written: number];
  utf16Decode(bytes: Bytes): string;
  byteDecode(bytes: Bytes, high: string): string;

  /** A state that `hashUpdate` changes; a copy of its bytes is a copy of the hash. HashAlgorithm has the numbers. */
  hashNew(algorithm: number): Bytes;
  hashUpdate(state: Bytes, bytes: Bytes): void;
  /** The state stays as it is, and can go on. */
  hashDigest(state: Bytes): Bytes;

  headerName(name: string): string | null;
  headerValue(value: string): string | null;

  urlScan(text: string): number[] | null;

  evaluate(file: string): Promise<void>;
  moduleExports(): Record<string, unknown>;
  importsWereRefused(): boolean;
}

export const native = (globalThis as unknown as { __mayfly: Native }).__mayfly;
