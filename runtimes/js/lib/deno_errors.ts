/** `Deno.errors`. */
const NAMES = [
  ...["NotFound", "PermissionDenied", "ConnectionRefused", "ConnectionReset", "ConnectionAborted", "NotConnected"],
  ...["AddrInUse", "AddrNotAvailable", "BrokenPipe", "AlreadyExists", "InvalidData", "TimedOut", "Interrupted"],
  ...["WriteZero", "WouldBlock", "UnexpectedEof", "BadResource", "Http", "Busy", "NotSupported", "FilesystemLoop"],
  ...["IsADirectory", "NetworkUnreachable", "NotADirectory", "NotCapable"],
];

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error;

function errorClass(name: string): ErrorClass {
  const named = class extends Error {};
  Object.defineProperty(named, "name", { value: name, configurable: true });
  Object.defineProperty(named.prototype, "name", { value: name, writable: true, configurable: true });
  return named;
}

export const errors: Readonly<Record<string, ErrorClass>> = Object.fromEntries(
  NAMES.map((name) => [name, errorClass(name)]),
);

export const denoError = (name: string, message: string): Error => new errors[name](message);
