/** Descriptor 3, where frames come and go; and what else only the C library has. */
const FRAMES = 3;
const POLLIN = 1;
const POLLOUT = 4;
const POLL_BROKEN = 0x38;
const F_SETFL = 4;
const O_RDWR = 2;
const FOREVER = -1;

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  getrandom: { parameters: ["buffer", "usize", "u32"], result: "isize" },
});

type Bytes = Uint8Array<ArrayBuffer>;

/** Waits for some bytes: how many there were, 0 at the end. */
export function read(into: Bytes): number {
  for (;;) {
    const size = Number(libc.read(FRAMES, into, BigInt(into.length)));
    if (size >= 0) return size;
    wait(POLLIN);
  }
}

/** Waits until the host has room for all of them. */
export function write(bytes: Bytes): void {
  for (let at = 0; at < bytes.length;) {
    const written = Number(libc.write(FRAMES, bytes.subarray(at), BigInt(bytes.length - at)));
    if (written >= 0) at += written;
    else wait(POLLOUT);
  }
}

/** While the event loop reads it, nothing waits in a read. */
function wait(events: number): void {
  const poll = Int32Array.of(FRAMES, events);
  libc.poll(poll, 1n, FOREVER);
  if ((poll[1] >> 16 & POLL_BROKEN) !== 0) Deno.exit(1);
}

/** Another descriptor of the same, for the event loop to close. */
export const duplicate = (): number => libc.dup(FRAMES);

/** Reads wait again, as they did before the event loop had it. */
export function block(): void {
  libc.fcntl(FRAMES, F_SETFL, O_RDWR);
}

/** From the kernel, which is the host's: nothing of it was in a snapshot. */
export function fillRandom(bytes: Bytes): void {
  for (let at = 0; at < bytes.length;) {
    const got = Number(libc.getrandom(bytes.subarray(at), BigInt(bytes.length - at), 0));
    if (got > 0) at += got;
  }
}
