/** What the deploy told about the function: part of its snapshot. */
export interface Settings {
  readonly function: { readonly name: string; readonly tenant: string; readonly version: string };
  readonly mount: string;
  readonly env: Readonly<Record<string, string>>;
  /** The function's own, below its root; "" for the root. */
  readonly folder?: string;
  readonly memoryBytes: number;
  /** Of a request. */
  readonly timeoutMs: number;
  readonly logBytes: number;
}

export let settings: Settings = {
  function: { name: "", tenant: "", version: "" },
  mount: "",
  env: {},

  memoryBytes: 0,
  timeoutMs: 0,
  logBytes: Infinity,
};

export function learnSettings(told: Settings): void {
  settings = told;
}
