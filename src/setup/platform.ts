import { OperatorError } from "../errors.ts";

/** The pinned libraries and the shim are for this kind of machine alone. */
export function assertPlatform({ os, arch }: { os: string; arch: string }): void {
  if (os === "linux" && arch === "x86_64") return;
  throw new OperatorError(`Mayfly needs Linux on x86_64, and this is ${os} on ${arch}`, "run it on such a machine");
}
