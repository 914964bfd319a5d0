/**
 * node:fs: a folder function's own files, which can be read by promises. A sandbox has no way to wait for an answer
 * without returning, so that what is synchronous in Node cannot be here.
 */
import { errors, readFile as readOwn } from "../read_own_files.ts";
import { builtin } from "./modules.ts";

type Options = string | { encoding?: string | null } | null | undefined;

async function readFile(path: unknown, options?: Options): Promise<unknown> {
  const encoding = typeof options === "string" ? options : options?.encoding;
  const { Buffer } = builtin("buffer") as {
    Buffer: { from(bytes: ArrayBuffer): { toString(encoding: string): string } };
  };
  try {
    const bytes = Buffer.from((await readOwn(path)).buffer);
    return encoding ? bytes.toString(encoding) : bytes;
  } catch (error) {
    throw error instanceof errors.NotFound ? Object.assign(error, { code: "ENOENT" }) : error;
  }
}

const refuse = (name: string, why: string) => (): never => {
  throw Object.assign(new Error(`Cannot use fs.${name}: ${why}`), { code: "ENOSYS" });
};
const READ_ONLY = "a function's files are read-only";
const SYNCHRONOUS = "it is not available in the Wasm tier; fs.promises.readFile reads a folder function's own files";

type Functions = Record<string, (...args: unknown[]) => unknown>;

const refused = (names: string, why: string): Functions =>
  Object.fromEntries(names.split(" ").map((name) => [name, refuse(name, why)]));

export const promises: Functions = {
  readFile: readFile as Functions[string],
  ...refused("access lstat opendir open readdir readlink realpath stat watch", SYNCHRONOUS),
  ...refused(
    "appendFile chmod chown copyFile cp mkdir mkdtemp rename rm rmdir symlink truncate unlink writeFile",
    READ_ONLY,
  ),
};

const sync: Functions = {
  existsSync: () => false,
  readFile(path, ...rest) {
    const callback = rest.pop() as (error: unknown, content?: unknown) => void;
    readFile(path, rest[0] as Options).then((content) => callback(null, content), callback);
  },
  ...refused(
    "createReadStream readFileSync readdirSync statSync lstatSync realpathSync openSync closeSync readSync accessSync",
    SYNCHRONOUS,
  ),
  ...refused(
    "createWriteStream writeFile writeFileSync appendFile appendFileSync mkdir mkdirSync rmSync unlinkSync watch",
    READ_ONLY,
  ),
};

export default { ...sync, constants: { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 }, promises };
