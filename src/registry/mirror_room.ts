import { LIMITS } from "../limits.ts";

/** What a tenant's mirror may grow by. */
export interface MirrorRoom {
  grow(bytes: number): Promise<Granted>;
}

export interface Granted {
  readonly bytes: number;
  /** Why it is not more. */
  readonly refusal: string;
}

/** A file that is to be copied, or its copy from before. */
interface Sized {
  readonly size: number;
}

const BLOCK_BYTES = 4096;

/**
 * What a copy takes of the disk. A hole of the file counts: it may be none in the copy. The smallest take a block: for
 * names and inodes, of which a disk has no end of either.
 */
export function copyBytes({ size }: Sized): number {
  return Math.max(1, Math.ceil(size / BLOCK_BYTES)) * BLOCK_BYTES;
}

/**
 * Asks for the room that copies need, and resolves with those that do not fit, and why. The smallest come first: what
 * configures the others is among them.
 */
export async function withoutRoom(
  room: MirrorRoom,
  files: readonly (readonly [path: string, file: Sized, before: Sized | undefined])[],
): Promise<ReadonlyMap<string, string>> {
  const growths = files.filter(([, { size }]) => size <= LIMITS.sourceFileBytes)
    .map(([path, file, before]) => ({ path, bytes: copyBytes(file) - (before ? copyBytes(before) : 0) }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => a.bytes - b.bytes || (a.path < b.path ? -1 : 1));
  const wanted = growths.reduce((sum, { bytes }) => sum + bytes, 0);
  if (wanted === 0) return new Map();
  const { bytes, refusal } = await room.grow(wanted);
  let left = bytes;
  return new Map(
    growths.filter((growth) => (left -= growth.bytes) < 0).map(({ path }) => [path, refusal]),
  );
}
