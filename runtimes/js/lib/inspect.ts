export const inspect = (value: unknown): string => typeof value === "string" ? value : String(value);
