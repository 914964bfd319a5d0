/** What packages ask of Node's `process` before they know where they run. */
import { enqueue } from "./microtasks.ts";
import { settings } from "./settings.ts";

const environment: ProxyHandler<Record<string, string>> = {
  get: (_, name) => typeof name === "string" && Object.hasOwn(settings.env, name) ? settings.env[name] : undefined,
  has: (_, name) => Object.hasOwn(settings.env, name),
  ownKeys: () => Reflect.ownKeys(settings.env),
  getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(settings.env, name),
};

export const process = {
  env: new Proxy({} as Record<string, string>, environment),
  argv: [] as string[],
  platform: "linux",
  nextTick(callback: (...args: unknown[]) => void, ...args: unknown[]): void {
    enqueue(() => callback(...args));
  },
};
