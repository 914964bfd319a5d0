/** What foreign code gives, which may throw anything. */
export function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** `TypeError: x is no function`, as far as the error lets us. */
export function headline(error: Error): string {
  const name = attempt(() => `${error.name}`, "Error");
  const message = attempt(() => `${error.message}`, "");
  return message === "" ? name : name === "" ? message : `${name}: ${message}`;
}
