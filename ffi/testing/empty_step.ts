import { LAYOUT, RING, SLOT } from "../layout.ts";
import type { Native } from "../native.ts";

/** Puts a step of a new sandbox into a slot that gets no frames, so that it has nothing to do. Returns where the slot is. */
export function putEmptyStep(native: Native, memory: DataView, slot: number): number {
  const at = memory.getUint32(RING.slotsOffset, true) + slot * LAYOUT.slotBytes;
  memory.setUint32(at + SLOT.snapshot, LAYOUT.snapshotBase, true);
  memory.setUint32(at + SLOT.sandbox, LAYOUT.newSandbox, true);
  memory.setUint32(at + SLOT.flags, 0, true);
  memory.setUint32(at + SLOT.inLength, 0, true);
  memory.setBigUint64(at + SLOT.deadlineNs, native.nowNs() + 60_000_000_000n, true);
  memory.setBigUint64(at + SLOT.cpuLeftNs, 60_000_000_000n, true);
  return at;
}
