/** What the tests from outside share: a real server in a process of its own, clients, and ways to wait. */
export { type Addressed, type Answer, type Call, call } from "./harness/client.ts";
export { type CliResult, mayfly } from "./harness/cli.ts";
export { expectAnswer, type Expectation, expectError, headerOf } from "./harness/expect.ts";
export { type FolderFiles, folderFiles } from "./harness/files.ts";
export { Held, HOLD } from "./harness/held.ts";
export { type Facts, processFacts } from "./harness/process.ts";
export { Origin } from "./harness/origin.ts";
export { type FunctionInfo, type LogLine, Server, type ServerOptions } from "./harness/server.ts";
export { Chance } from "./harness/random.ts";
export { sharedServer } from "./harness/shared.ts";
export { until } from "./harness/until.ts";
export { Wire, wire, type WireAnswer, type WireHead } from "./harness/wire.ts";
