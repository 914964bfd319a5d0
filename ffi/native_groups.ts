import { type Bytes, check, cString } from "./native_values.ts";
import type { Symbols } from "./symbols.ts";

const TEXT_BYTES = 1 << 20;

/** The kernel's groups of processes, as files: what Deno itself lets no program see that has not all permissions. */
export class NativeGroups {
  readonly #symbols: Symbols;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  /** /proc/self/cgroup: the groups that this process is in. */
  own(): string {
    return text("read the groups of this process", (...to) => this.#symbols.mf_groups_own(...to));
  }

  /** /proc/self/mountinfo: where they are. */
  mounts(): string {
    return text("read the mounts of this process", (...to) => this.#symbols.mf_groups_mounts(...to));
  }

  isAlive(pid: number): boolean {
    return this.#symbols.mf_family_memory(pid) >= 0;
  }

  read(folder: string, name: string): string {
    const what = `read ${folder}/${name}`;
    return text(what, (...to) => this.#symbols.mf_group_read(cString(folder, what), cString(name, what), ...to));
  }

  /** The groups in a group. */
  list(folder: string): string[] {
    const what = `list ${folder}`;
    return text(what, (...to) => this.#symbols.mf_group_list(cString(folder, what), ...to)).split("\n").slice(0, -1);
  }

  async write(folder: string, name: string, value: string): Promise<void> {
    const what = `write ${value} to ${folder}/${name}`;
    const rc = this.#symbols.mf_group_write(cString(folder, what), cString(name, what), cString(value, what));
    check(await rc, what);
  }

  make(folder: string, name: string): void {
    const what = `make the group ${folder}/${name}`;
    check(this.#symbols.mf_group_make(cString(folder, what), cString(name, what)), what);
  }

  /** One that has no processes and no groups. */
  async remove(folder: string, name: string): Promise<void> {
    const what = `remove the group ${folder}/${name}`;
    check(await this.#symbols.mf_group_remove(cString(folder, what), cString(name, what)), what);
  }
}

function text(what: string, read: (bytes: Bytes, capacity: bigint) => bigint): string {
  const bytes = new Uint8Array(TEXT_BYTES);
  const length = check(Number(read(bytes, BigInt(bytes.length))), what);
  return new TextDecoder().decode(bytes.subarray(0, length));
}
