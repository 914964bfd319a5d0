/** Options, as WebIDL takes them: an object, or nothing. */
export function dictionary<T extends object>(options: T | symbol | undefined | null): T {
  if (options === undefined || options === null) return {} as T;
  if (typeof options !== "object" && typeof options !== "function") {
    throw new TypeError("Cannot take options that are no object");
  }
  return options;
}
