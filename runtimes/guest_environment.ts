/** Where guests see a function's own files. */
export const FUNCTION_FOLDER = "/function";

/** Where a guest's cell listens for it: the only way out. */
const PROXY = "http://127.0.0.1:3128";
const NOT_BY_PROXY = "localhost,127.0.0.1,::1";

/** What programs in microVMs find in their environment, where their own says nothing else. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/tmp",
  LANG: "C.UTF-8",
  // Without it libraries look through all zones of the world for the one that is meant.
  TZ: "UTC",
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  http_proxy: PROXY,
  https_proxy: PROXY,
  NO_PROXY: NOT_BY_PROXY,
  no_proxy: NOT_BY_PROXY,
};

/** `NAME=value`, with what is the program's own. */
export function guestEnvironment(own: Readonly<Record<string, string>>): string[] {
  return Object.entries({ ...ENVIRONMENT, ...own }).map(([name, value]) => `${name}=${value}`);
}
