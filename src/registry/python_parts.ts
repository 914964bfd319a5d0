import { LIMITS, MiB } from "../limits.ts";
import { Pip } from "./pip.ts";
import { PythonPackages, type PythonPackagesOptions } from "./python_packages.ts";
import type { PythonParts } from "./python_program.ts";
import { PythonScanner } from "./python_scan.ts";

export interface PythonPartsOptions extends Pick<PythonPackagesOptions, "folder" | "pack" | "pythonOf"> {
  readonly env: Readonly<Record<string, string>>;
}

const SCAN_TIMEOUT_MS = 15_000;
const PIP_TIMEOUT_MS = 300_000;

/** What Python functions are made with. */
export function pythonParts({ env, folder, pack, pythonOf }: PythonPartsOptions): PythonParts {
  const pip = new Pip({ env, timeoutMs: PIP_TIMEOUT_MS, fileMb: LIMITS.packagesBytes / MiB });
  return {
    scanner: new PythonScanner({ env, timeoutMs: SCAN_TIMEOUT_MS }),
    packages: new PythonPackages({ pip, folder, pack, pythonOf, mostBytes: LIMITS.packagesBytes }),
  };
}
