/** What the deploy told about the function: part of its snapshot. */
export interface Settings {
  function: { name: string; tenant: string; version: string };
  mount: string;
  env: Record<string, string>;
  /** Of the bundle, for stacks. */
  file: string;
  memoryBytes: number;
  /** Of a request. */
  timeoutMs: number;
  timers: number;
  logBytes: number;
}

export const settings: Settings = {
  function: { name: "", tenant: "", version: "" },
  mount: "",
  env: {},
  file: "",
  memoryBytes: 0,
  timeoutMs: 0,
  timers: 0,
  logBytes: 0,
};
