/** node:module: whatever a function requires at run time can only be a module of Node's. */
import { builtin, isBuiltin } from "./modules.ts";
import { NODE_MODULES } from "./names.ts";

export const builtinModules = [...NODE_MODULES];
export { isBuiltin };

export const createRequire = (): unknown =>
  Object.assign((name: string) => builtin(name), { resolve: (name: string) => name });
