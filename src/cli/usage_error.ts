import { OperatorError } from "../errors.ts";

/** The command line itself is wrong: exit code 2, as of other programs. */
export class UsageError extends OperatorError {}
