/** What is unpacked as the root of a kernel: folders, and programs with their contents. */
export type Tree = ReadonlyMap<string, Uint8Array | "folder">;

const ENCODER = new TextEncoder();
const FOLDER = 0o040755;
const PROGRAM = 0o100755;
const ALIGNMENT = 4;

/** The tree as an archive that Linux takes for its first root: cpio, "newc". */
export function archiveOf(tree: Tree): Blob {
  const parts = [...tree].flatMap(([path, content], at) => {
    const bytes = content === "folder" ? new Uint8Array() : content;
    return entry(path, content === "folder" ? FOLDER : PROGRAM, at + 1, bytes);
  });
  return new Blob([...parts, ...entry("TRAILER!!!", 0, 0, new Uint8Array())]);
}

function entry(path: string, mode: number, inode: number, content: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const name = ENCODER.encode(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const head = ENCODER.encode(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  return [padded(head, name), padded(content)];
}

function padded(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(Math.ceil(size / ALIGNMENT) * ALIGNMENT);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
