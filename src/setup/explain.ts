import { OperatorError } from "../errors.ts";
import { ToolError } from "./tool.ts";

const INSTALL_PYTHON =
  "install Python 3 with pip (on Debian and Ubuntu: apt-get install python3-pip), then start again";

/** What stopped the set-up, as the operator can mend it. An error of another kind stays what it is: a bug. */
export function explain(error: unknown, name: string, cacheDir: string): unknown {
  const say = (reason: string, hint: string) =>
    new OperatorError(`Cannot set up ${name}: ${reason}`, hint, { cause: error });

  if (isDiskFull(error)) {
    return say(
      `no space is left in ${cacheDir}`,
      "free 1 GB there, or set XDG_CACHE_HOME to a folder of a larger disk",
    );
  }
  if (isForbidden(error)) {
    return say(`${cacheDir} cannot be written`, "make it writable, or set XDG_CACHE_HOME to a folder that is");
  }
  if (!(error instanceof ToolError)) return error;
  if (error.tool === "python3" && error.reason === "missing") return say("python3 is not on PATH", INSTALL_PYTHON);
  if (error.output.includes("No module named pip")) return say("python3 has no pip", INSTALL_PYTHON);
  if (error.output.includes("DO NOT MATCH THE HASHES")) {
    return say(
      "what pip fetched does not have the pinned hash",
      "see where pip fetches from: python3 -m pip config list",
    );
  }
  return say(error.message, error.hint);
}

/** The words are the system's, or zig's. */
function isDiskFull(error: unknown): boolean {
  const text = error instanceof ToolError ? error.output : String(error);
  return /No space left on device|Disk quota exceeded|NoSpaceLeft/.test(text);
}

function isForbidden(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || String(error).includes("Read-only file system");
}
