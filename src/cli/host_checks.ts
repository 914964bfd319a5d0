import { MiB } from "../limits.ts";
import type { HostFacts } from "./host_facts.ts";

/** One line of the doctor's. */
export interface Check {
  readonly name: string;
  /** `missing`: the server cannot run. `warn`: it runs, with less. */
  readonly state: "ok" | "warn" | "missing";
  readonly detail: string;
  /** What to do about it. */
  readonly hint: string | null;
}

const GiB = 1024 * MiB;

/** Wasm code may use 4 MiB of the stack of Deno's own thread, beside Deno's own frames. */
const STACK_BYTES = 8 * MiB;
/** A connection each, beside files and pipes. */
const OPEN_FILES = 8192;
/** The default of Linux: three mappings for each pooled sandbox. */
const MAP_COUNT = 65_530;
/** A watch for each folder below the functions folder. */
const INOTIFY_WATCHES = 8192;
const FREE_BYTES = GiB;

/** What the facts of this machine mean for the server. */
export function hostChecks(facts: HostFacts): Check[] {
  return [
    python(facts),
    dataFolder(facts),
    openFiles(facts),
    stack(facts),
    mappings(facts),
    watches(facts),
    kvm(facts),
    namespaces(facts),
    seccomp(facts),
    landlock(facts),
  ];
}

export const ok = (name: string, detail: string): Check => ({ name, state: "ok", detail, hint: null });
export const warn = (name: string, detail: string, hint: string): Check => ({ name, state: "warn", detail, hint });
export const missing = (name: string, detail: string, hint: string): Check => ({
  name,
  state: "missing",
  detail,
  hint,
});

function python({ python, hasPip }: HostFacts): Check {
  const name = "Python";
  if (hasPip) return ok(name, `${python} with pip`);
  return missing(name, `${python} without pip`, "install pip (on Debian and Ubuntu: apt-get install python3-pip)");
}

function dataFolder({ dataFolder: { path, isFolder, writable, freeBytes } }: HostFacts): Check {
  const name = "Data folder";
  if (!isFolder) return missing(name, `${path} is not a folder`, "name another with --data DIR");
  if (!writable) {
    return missing(name, `${path} cannot be written`, "give it to this user, or name another with --data DIR");
  }
  const free = `${(freeBytes / GiB).toFixed(1)} GB are free at ${path}`;
  if (freeBytes >= FREE_BYTES) return ok(name, free);
  return warn(name, free, "make room, or name a folder on another disk with --data DIR");
}

function openFiles({ openFiles }: HostFacts): Check {
  return atLeast("Open files", openFiles, OPEN_FILES, `ulimit -n ${OPEN_FILES}, before the server starts`);
}

function stack({ stackBytes }: HostFacts): Check {
  const name = "Stack";
  if (stackBytes === null || stackBytes >= STACK_BYTES) return ok(name, "short functions can run on Deno's own thread");
  return warn(
    name,
    `${Math.floor(stackBytes / 1024)} KB: short functions run on other threads too, which is slower`,
    `ulimit -s ${STACK_BYTES / 1024}, before the server starts`,
  );
}

function mappings({ maxMapCount }: HostFacts): Check {
  return atLeast("Memory mappings", maxMapCount, MAP_COUNT, `as root: sysctl -w vm.max_map_count=${MAP_COUNT}`);
}

function watches({ inotifyWatches }: HostFacts): Check {
  const hint = `as root: sysctl -w fs.inotify.max_user_watches=${INOTIFY_WATCHES}`;
  return atLeast("Watched folders", inotifyWatches, INOTIFY_WATCHES, hint);
}

function atLeast(name: string, value: number | null, wanted: number, hint: string): Check {
  if (value === null) return ok(name, "no limit");
  return value >= wanted ? ok(name, `at most ${value}`) : warn(name, `at most ${value}, better ${wanted}`, hint);
}

function kvm({ kvm }: HostFacts): Check {
  const name = "KVM";
  if (kvm === null) {
    return warn(name, "there is no /dev/kvm", "as root: modprobe kvm-intel or kvm-amd; in a VM, switch nesting on");
  }
  const owner = `/dev/kvm of ${kvm.user}:${kvm.group}, mode ${kvm.mode}`;
  if (kvm.problem === null) return ok(name, `${owner}, API ${kvm.api}`);
  const hint = kvm.group === "root"
    ? "as root: chgrp kvm /dev/kvm, chmod 660 /dev/kvm, and take this user into the group kvm"
    : `as root: usermod -aG ${kvm.group} USER, then log in again`;
  return warn(name, `${owner}: ${kvm.problem}`, hint);
}

function namespaces({ namespacesProblem: problem }: HostFacts): Check {
  const name = "Namespaces";
  if (problem === null) return ok(name, "user, mount, pid, net and ipc namespaces can be made");
  return warn(name, `user namespaces cannot be made: ${problem}`, "as root: sysctl -w user.max_user_namespaces=10000");
}

function seccomp({ hasSeccomp }: HostFacts): Check {
  const name = "seccomp";
  return hasSeccomp
    ? ok(name, "filters can be set")
    : warn(name, "this kernel has none", "a kernel with CONFIG_SECCOMP_FILTER");
}

function landlock({ landlockAbi }: HostFacts): Check {
  const name = "Landlock";
  if (landlockAbi !== null) return ok(name, `ABI ${landlockAbi}`);
  return warn(name, "this kernel does without; the jail holds all the same", "a kernel started with lsm=landlock,...");
}
