/** A function's own environment. What it changes is changed for this sandbox. */
import { settings } from "../../shared/settings.ts";

const { hasOwn } = Object;

const checked = (name: unknown): string => {
  const text = `${name}`;
  if (text === "" || /[=\0]/.test(text)) throw new TypeError(`Cannot use "${text}" as an environment variable's name`);
  return text;
};

export const environment = {
  get: (name: string): string | undefined => hasOwn(settings.env, checked(name)) ? settings.env[name] : undefined,
  has: (name: string): boolean => hasOwn(settings.env, checked(name)),
  set: (name: string, value: string): void => void (settings.env[checked(name)] = `${value}`),
  delete: (name: string): void => void delete settings.env[checked(name)],
  toObject: (): Record<string, string> => ({ ...settings.env }),
};

/** The same as Node has it: an object whose values are texts. */
export const processEnv = new Proxy({} as Record<string, string>, {
  get: (_, name) => typeof name === "string" && hasOwn(settings.env, name) ? settings.env[name] : undefined,
  has: (_, name) => hasOwn(settings.env, name),
  set: (_, name, value) => typeof name === "string" && (settings.env[name] = `${value}`, true),
  deleteProperty: (_, name) => Reflect.deleteProperty(settings.env, name),
  ownKeys: () => Reflect.ownKeys(settings.env),
  getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(settings.env, name),
  defineProperty: (_, name, { value }) => typeof name === "string" && (settings.env[name] = `${value}`, true),
});
