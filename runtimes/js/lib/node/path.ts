/** node:path: paths are those of POSIX. */
import path from "path-browserify";

export default Object.assign(path, { posix: path, win32: null });
