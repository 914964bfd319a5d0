/** As WebIDL takes a string. For a template the interpreter calls a method, even where all of it is one string. */
export const textOf = (value: unknown): string => typeof value === "string" ? value : `${value}`;
