/** What the deploy told about the function: part of its snapshot. */
export interface Settings {
  readonly function: { readonly name: string; readonly tenant: string; readonly version: string };
  readonly mount: string;
  readonly env: Record<string, string>;
  /** Of the bundle, for stacks. */
  readonly file: string;
  /** The function's own, below its root; "" for the root. */
  readonly folder?: string;
  readonly memoryBytes: number;
  /** Of a request. */
  readonly timeoutMs: number;
  /** How many may run at once, where the runtime counts them. */
  readonly timers?: number;
  readonly logBytes: number;
}

export const settings: Settings = {
  function: { name: "", tenant: "", version: "" },
  mount: "",
  env: {},
  file: "",
  memoryBytes: 0,
  timeoutMs: 0,
  logBytes: Infinity,
};

export function learnSettings(told: Settings): void {
  Object.assign(settings, told);
}
