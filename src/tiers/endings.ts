import { ExitCode, StepResult } from "../../ffi/layout.ts";
import type { ErrorCode } from "../errors.ts";

/** How a run failed: the code, what the caller is told, and what the log adds to it. */
export type Failure = readonly [code: ErrorCode, message: string, detail?: string];

const EAGAIN = -11;
const ENOMEM = -12;

/** What the guest said when it ended without a response. */
export function exitFailure(code: number, written: string): Failure {
  const text = written.trimEnd();
  switch (code) {
    case ExitCode.EXCEPTION:
      return ["exception", "The function threw an exception", text];
    case ExitCode.MEMORY:
      return ["memory", "The function ran out of its memory", text];
    case ExitCode.BAD_RESPONSE:
      return ["bad_response", "The function did not answer with a valid response", text];
    case ExitCode.BODY_ERROR:
      return ["exception", "The function's response stream failed", text];
    case ExitCode.STATUS:
      return ["crash", "The function exited with a status that is not 0", text];
    case ExitCode.UNSUPPORTED:
      return ["exception", "The function needs what its runtime does not have", text];
    default:
      return ["crash", "The function ended without a response", text];
  }
}

/** Why the shim ended a step. `isLate`: the deadline has passed too, and where both pass at once it is a timeout. */
export function killFailure(result: number, trap: number, error: number, isLate: boolean): Failure {
  if (result === StepResult.CPU && !isLate) return ["cpu", "The function used up its CPU time"];
  switch (result) {
    case StepResult.CPU:
    case StepResult.DEADLINE:
      return ["timeout", "The function did not answer before its deadline"];
    case StepResult.CANCELED:
      return ["canceled", "The caller left"];
    case StepResult.TRAP:
      return ["crash", "The function's sandbox crashed", `trap ${trap}`];
    case StepResult.HOST_ERROR:
      return error === EAGAIN || error === ENOMEM
        ? ["overload", "The server has no sandbox free", `error ${error}`]
        : ["internal", "The server could not run the sandbox", `error ${error}`];
    default:
      return ["internal", "The server lost the sandbox", `result ${result}`];
  }
}
