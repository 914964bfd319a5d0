/**
 * The numbers of ffi/shim's structs and enums, as TypeScript knows them. layout_test.ts compares every
 * one of them with what the compiled shim says.
 */

/** Byte offsets in `struct mf_slot`: one step of one sandbox. */
export const SLOT = {
  snapshot: 0,
  sandbox: 4,
  generation: 8,
  flags: 12,
  inLength: 16,
  deadlineNs: 24,
  cpuLeftNs: 32,
  result: 40,
  error: 44,
  outSandbox: 48,
  outGeneration: 52,
  outLength: 56,
  wakeMs: 60,
  start: 64,
  trap: 68,
  memoryPeak: 72,
  dirtyPages: 76,
  cloneNs: 80,
  runNs: 88,
  cpuNs: 96,
} as const;

/** Byte offsets in `struct mf_ring`, which opens the region. */
export const RING = {
  abi: 0,
  slots: 4,
  slotsOffset: 8,
  queueOffset: 12,
  queueMask: 16,
  queueTail: 20,
  parked: 24,
  stepsWaiting: 28,
  stepsRunning: 32,
} as const;

/** Byte offsets in `struct mf_options`. */
export const OPTIONS = {
  abi: 0,
  slots: 4,
  workers: 8,
  longWorkers: 12,
  instances: 16,
  warmInstances: 20,
  inlineUs: 24,
  longUs: 28,
  verify: 32,
} as const;

/** Byte offsets in `struct mf_stats`; every field is a u64. */
export const STATS = {
  steps: 0,
  inlineSteps: 8,
  traps: 16,
  kills: 24,
  resets: 32,
  remaps: 40,
  destroyed: 48,
  verifyFailures: 56,
  instances: 64,
  instancesIdle: 72,
  instancesParked: 80,
  snapshots: 88,
  snapshotBytes: 96,
  workers: 104,
  longWorkers: 112,
  privatePages: 120,
  wasiModules: 128,
  wasiModuleBytes: 136,
  wasiSandboxes: 144,
  wasiSandboxesParked: 152,
} as const;

/** Byte offsets in `struct mf_wasi_options`. */
export const WASI_OPTIONS = { memoryBytes: 0, logBytes: 8, stringsLength: 12 } as const;

/** Byte offsets in `struct cell_request`. */
export const CELL_REQUEST = {
  operation: 0,
  id: 4,
  object: 8,
  parent: 12,
  views: 16,
  viewCount: 48,
  protocol: 52,
  tcpPort: 56,
  sandbox: 60,
  generation: 64,
  count: 68,
  user: 72,
  mode: 76,
  arguments: 80,
  environment: 84,
  stringBytes: 88,
  memoryBytes: 96,
  logBytes: 104,
  addressBytes: 112,
  deadlineNs: 120,
} as const;

/** Byte offsets in `struct cell_told`. */
export const CELL_TOLD = {
  telling: 0,
  level: 1,
  id: 4,
  error: 8,
  sandbox: 12,
  generation: 16,
  tcpPort: 20,
  textBytes: 24,
} as const;

/** Sizes in bytes, and values that stand for none. */
export const LAYOUT = {
  shimAbi: 1,
  optionsBytes: 64,
  statsBytes: 160,
  wasiOptionsBytes: 16,
  slotIn: 256,
  slotOut: 256 + 128 * 1024,
  slotBytes: 256 + 128 * 1024 + 256 * 1024,
  guestInBytes: 128 * 1024,
  guestOutBytes: 256 * 1024,
  /** `sandbox` of a step that starts a new one. */
  newSandbox: 0xffffffff,
  /** `wakeMs` when no timer waits. */
  noWake: 0xffffffff,
  /** The snapshot of which builds start. */
  snapshotBase: 0,
  frameBytes: 8,
  chunkMax: 65_536,
  headMax: 49_152,
  initialCredit: 65_536,
  cellSlots: 64,
  cellRequestBytes: 128,
  cellViewsMax: 8,
  cellStringsMax: 49_152,
  cellToldBytes: 28,
  cellTextMax: 16_384,
} as const;

export const StepFlag = { HOLD: 1, DISCARD: 2 } as const;

export const StepResult = {
  PARKED: 0,
  DONE: 1,
  DEADLINE: 2,
  CPU: 3,
  INLINE: 4,
  CANCELED: 5,
  TRAP: 6,
  STALE: 7,
  HOST_ERROR: 8,
} as const;

export const Start = { NONE: 0, WARM: 1, CLONE: 2 } as const;

export const FrameType = {
  HEAD: 1,
  CHUNK: 2,
  END: 3,
  CALL: 4,
  ANSWER: 5,
  CANCEL: 6,
  LOG: 7,
  EXIT: 8,
  CREDIT: 9,
} as const;

export const RequestString = { METHOD: 0, URL: 1, HEADERS: 2, ID: 3, CONTEXT: 4, STRINGS: 5 } as const;

export const HeadFlag = { HAS_BODY: 1, DEPLOY: 2 } as const;

export const LogLevel = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 } as const;

export const ExitCode = {
  OK: 0,
  EXCEPTION: 1,
  MEMORY: 2,
  BAD_RESPONSE: 3,
  BODY_ERROR: 4,
  UNSUPPORTED: 5,
  STATUS: 6,
} as const;

export const CellOperation = {
  START: 1,
  VIEW: 2,
  LOAD: 3,
  DERIVE: 4,
  BOOT: 5,
  TAKE: 6,
  DROP: 7,
  KEEP: 8,
  STATS: 9,
} as const;

export const CellMode = { BUILDS: 1, SERVES: 2 } as const;

export const CellProtocol = { FRAMES: 1, STDIO: 2, SERVER: 3 } as const;

export const Telling = { WAKE: 0, REPLY: 1, LOG: 2, DAMAGED: 3 } as const;

/** What a file is to a cell that is sent it. */
export const CellFile = { READ: 0, CREATE: 1 } as const;
