/** Every limit of the server in one place, with its relations checked below. */

export const KiB = 1024;
export const MiB = 1024 * KiB;

/** Defaults of the functions' settings. */
export const FUNCTION_DEFAULTS = {
  timeoutMs: 30_000,
  concurrency: 64,
  queue: 256,
  bodyMb: 100,
  responseMb: 1024,
  buildTimeoutMs: 10_000,
  memoryMb: { wasm: 64, vm: 256 },
} as const;

/** What a tenant gets unless the operator says otherwise. */
export const TENANT_CAPS = {
  concurrency: 256,
  memoryMb: 2048,
  cpuShare: 1,
  timeoutMs: 60_000,
  bodyMb: 100,
  net: "public",
  diskMb: 1024,
} as const;

export const SERVER_DEFAULTS = {
  concurrency: 1024,
  queue: 4096,
  drainMs: 10_000,
  dataMb: 10_240,
  domains: ["localhost"],
} as const;

export const LIMITS = {
  /** Memory of one Wasm sandbox, at most. */
  wasmMemoryMb: 512,
  /** Request headers and URL together; over it is 431. */
  headerBytes: 32 * KiB,
  headerCount: 256,
  /** The same, of a response; over it is 502. */
  responseHeaderBytes: 32 * KiB,
  responseHeaderCount: 256,
  /** A body that is known to be at most this long is read before a sandbox is used. */
  bufferedBodyBytes: 64 * KiB,
  /**
   * What the kernel keeps unread of a connection, about. Deno takes all of that in at once, and moves what it holds of a
   * chunked body with each piece that is read: with the kernel's own bound of megabytes an upload gets slower and slower.
   */
  unreadBytes: 128 * KiB,
  /** Of a longer body, what is read before the guest takes it: more than `unreadBytes`, or Deno's own store grows. */
  bodyAheadBytes: 256 * KiB,
  /** A body in more pieces than this, of fewer bytes each than that, is meant to cost. */
  bodyPieces: 32_768,
  bodyPieceBytes: 16,
  /** Such bodies that the server waits for at once: each costs up to 128 KB in Deno. */
  readingBodies: 1024,
  requestIdLength: 64,
  /** Timers that one sandbox may have open. */
  timers: 10_000,
  /** Log text of one request; what is more is dropped and counted. */
  logBytesPerRequest: 256 * KiB,
  logLineBytes: 8 * KiB,
  /** Of a function's log on disk: two files of this size. */
  logFileBytes: 4 * MiB,
  /** Log lines that wait for the disk: of one function, and of all. More are dropped and counted. */
  logPendingBytesPerFunction: 1 * MiB,
  logPendingBytes: 32 * MiB,
  /** Lines that wait for a reader of `logs -f` who is slow. */
  logFollowerLines: 10_000,
  /** Lines that one reading of a log returns, at most. */
  logTailLines: 10_000,
  /** Of metering: a function's minutes, after which they are dropped. */
  usageDaysKept: 31,
  /** Rows of metering that wait for a store that does not take them. */
  usageRowsWaiting: 50_000,
  /** Body of a request to the admin API. */
  adminBodyBytes: 64 * KiB,
  /** Versions of a function that are kept. */
  versionsKept: 10,
  /** Names that one which is unknown is compared with, to suggest another. */
  namesCompared: 1000,
  /** Files of a function's folder that are counted before it is deleted. */
  countedFiles: 10_000,
  /** A source file, and a bundle. */
  sourceFileBytes: 64 * MiB,
  bundleBytes: 16 * MiB,
  /** What compiling a WASI module may take of the memory. */
  wasiCompilerBytes: 1024 * MiB,
  /** All files of a function that is a folder. */
  ownFilesBytes: 256 * MiB,
  /** Files of a Python function, with what it imports; those that a pack holds. */
  pythonFiles: 10_000,
  packedFiles: 65_536,
  /** Own files of a Python function up to this go into its guest's memory, so that it has the same views as others. */
  filesInSnapshotBytes: 1 * MiB,
  /** Lines of a requirements.txt. */
  requirements: 256,
  /** What requirements.txt names, unpacked; a file of it, too. A tenant's npm packages together. */
  packagesBytes: 1024 * MiB,
  /** Host calls that one sandbox may have open; what its library sends at once is below it. */
  hostCalls: 1024,
  /** Answers that one sandbox has not taken: with more, its calls wait. And of what these calls say. */
  hostAnswerBytes: 1 * MiB,
  hostCallBytes: 4 * MiB,
  /** Lookups of names at once, of a tenant and of one function: each holds a thread until the name's server answers. */
  lookupsPerTenant: 8,
  lookupsPerFunction: 4,
  /** Of one tenant. */
  lookupsWaiting: 1024,
  /** Names whose addresses are kept for a while. */
  namesKnown: 2048,
  /** Addresses of one name that a fetch tries. */
  fetchAddresses: 4,
  /** Headers of a response, as its guest gets them. */
  fetchHeadBytes: 48 * KiB,
  /** What a server may send without saying anything: answers before the answer; bytes that bring nothing of a body. */
  fetchInterimAnswers: 16,
  fetchBytesForNothing: 1 * MiB,
  /** Connections through the proxy that are open at once; a microVM has 48, so only a cell that lies comes to the first. */
  proxyConnectionsPerSandbox: 128,
  proxyConnectionsPerTenant: 2048,
  proxyConnections: 4096,
  /** Requests on one of them: the first is answered, those that come behind it are not. */
  proxyRequestsAhead: 16,
  /** The addresses of a snapshot are those of all its clones: guessing them has been tried often enough then. */
  snapshotAgeMs: 24 * 60 * 60 * 1000,
  snapshotClones: 1_000_000,
  /** A tenant's cell that nobody used for so long is stopped; one whose next request is expected after that, later. */
  cellIdleMs: 60_000,
  /** A guest that was told of its cancellation may run this long to notice. */
  cancelGraceMs: 5,
} as const;

function assert(condition: boolean, relation: string): void {
  if (!condition) throw new Error(`Limits do not fit: ${relation}`);
}
assert(LIMITS.unreadBytes < LIMITS.bodyAheadBytes, "more is read than has come meanwhile");
assert(LIMITS.lookupsPerFunction <= LIMITS.lookupsPerTenant, "a function's lookups are its tenant's");
assert(
  LIMITS.proxyConnectionsPerSandbox <= LIMITS.proxyConnectionsPerTenant,
  "a sandbox's connections are its tenant's",
);
assert(2 * LIMITS.proxyConnectionsPerTenant <= LIMITS.proxyConnections, "one tenant leaves connections to others");
assert(2 * LIMITS.proxyConnectionsPerSandbox <= LIMITS.hostCalls, "a connection may have a read and a write under way");
assert(LIMITS.pythonFiles <= LIMITS.packedFiles, "a function's files fit a pack");
assert(LIMITS.filesInSnapshotBytes <= LIMITS.ownFilesBytes, "what goes into a snapshot is of the own files");
assert(LIMITS.cellIdleMs < LIMITS.snapshotAgeMs, "a cell that is not used is gone before its snapshots are too old");
assert(LIMITS.logLineBytes <= LIMITS.logBytesPerRequest, "a line fits the log of a request");
assert(LIMITS.logPendingBytesPerFunction <= LIMITS.logFileBytes, "what waits fits a log file");
assert(
  LIMITS.logPendingBytesPerFunction <= LIMITS.logPendingBytes,
  "one function's waiting lines fit the bound of all",
);
assert(FUNCTION_DEFAULTS.timeoutMs <= TENANT_CAPS.timeoutMs, "the default is within the cap");
assert(FUNCTION_DEFAULTS.bodyMb <= TENANT_CAPS.bodyMb, "the default is within the cap");
assert(FUNCTION_DEFAULTS.concurrency <= TENANT_CAPS.concurrency, "the default is within the cap");
assert(TENANT_CAPS.concurrency <= SERVER_DEFAULTS.concurrency, "a tenant fits the server");
assert(FUNCTION_DEFAULTS.memoryMb.wasm <= LIMITS.wasmMemoryMb, "the default is within the cap");
