/** node:perf_hooks: the clock, and nothing to observe. */
export { Performance, performance } from "../performance.ts";

export const constants = {};

/** There is one thread, whose loop is never idle. */
export const eventLoopUtilization = (): object => ({ idle: 0, active: 0, utilization: 0 });
