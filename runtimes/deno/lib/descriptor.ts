/** Descriptor 3, where frames come and go; and what else only the C library has. */
const LINE = 3;
const POLLIN = 1;
const POLLOUT = 4;
const POLL_BROKEN = 0x38;
const F_SETFL = 4;
const O_WRONLY = 1;
const O_RDWR = 2;
const FOREVER = -1;

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  pipe: { parameters: ["buffer"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  getrandom: { parameters: ["buffer", "usize", "u32"], result: "isize" },
});

type Bytes = Uint8Array<ArrayBuffer>;

let from = LINE;
let to = LINE;

/** Waits for some bytes: how many there were, 0 at the end. */
export function read(into: Bytes): number {
  for (;;) {
    const size = Number(libc.read(from, into, BigInt(into.length)));
    if (size >= 0) return size;
    wait(from, POLLIN);
  }
}

/** Waits until the host has room for all of them. */
export function write(bytes: Bytes): void {
  writeTo(to, bytes);
}

function writeTo(descriptor: number, bytes: Bytes): void {
  for (let at = 0; at < bytes.length;) {
    const written = Number(libc.write(descriptor, bytes.subarray(at), BigInt(bytes.length - at)));
    if (written >= 0) at += written;
    else wait(descriptor, POLLOUT);
  }
}

/** While the event loop reads it, nothing waits in a read. */
function wait(descriptor: number, events: number): void {
  const poll = Int32Array.of(descriptor, events);
  libc.poll(poll, 1n, FOREVER);
  if ((poll[1] >> 16 & POLL_BROKEN) !== 0) Deno.exit(1);
}

/** Another descriptor of the same, for the event loop to close. */
export const duplicate = (): number => libc.dup(from);

/** Reads wait again, as they did before the event loop had it. */
export function block(): void {
  libc.fcntl(from, F_SETFL, O_RDWR);
}

/** From the kernel, which is the host's: nothing of it was in a snapshot. */
export function fillRandom(bytes: Bytes): void {
  for (let at = 0; at < bytes.length;) {
    const got = Number(libc.getrandom(bytes.subarray(at), BigInt(bytes.length - at), 0));
    if (got > 0) at += got;
  }
}

interface RehearsalLine {
  /** What comes next. */
  send(bytes: Bytes): void;
  close(): void;
}

/** Until it is closed what it sends is what is read, and what is written is nobody's. */
export function openRehearsalLine(): RehearsalLine {
  const ends = new Int32Array(2);
  libc.pipe(ends);
  [from] = ends;
  to = libc.open(new TextEncoder().encode("/dev/null\0"), O_WRONLY);
  return {
    send: (bytes) => writeTo(ends[1], bytes),
    close() {
      for (const descriptor of [...ends, to]) libc.close(descriptor);
      from = to = LINE;
    },
  };
}
