/** node:os: of a machine that a function does not see. */
export const EOL = "\n";
export const devNull = "/dev/null";
export const constants = { signals: {}, errno: {}, priority: {} };

export const arch = (): string => "wasm32";
export const availableParallelism = (): number => 1;
/** As many as `availableParallelism` says: libraries divide their work by the length. */
export const cpus = (): object[] => [
  { model: "", speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } },
];
export const endianness = (): string => "LE";
export const freemem = (): number => 0;
export const homedir = (): string => "/";
export const hostname = (): string => "localhost";
export const loadavg = (): number[] => [0, 0, 0];
export const machine = (): string => "wasm32";
export const networkInterfaces = (): object => ({});
export const platform = (): string => "linux";
export const release = (): string => "";
export const tmpdir = (): string => "/tmp";
export const totalmem = (): number => 0;
export const type = (): string => "Linux";
export const uptime = (): number => 0;
export const userInfo = (): object => ({ username: "mayfly", uid: -1, gid: -1, shell: null, homedir: "/" });
export const version = (): string => "";
