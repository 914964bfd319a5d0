import { inspect } from "./inspect.ts";
import { LogLevel, native } from "./native.ts";
const line = (level: number) => (...args: unknown[]) => native.log(level, args.map(inspect).join(" "));
export const console = { log: line(LogLevel.INFO), info: line(LogLevel.INFO), debug: line(LogLevel.DEBUG), warn: line(LogLevel.WARN), error: line(LogLevel.ERROR) };
