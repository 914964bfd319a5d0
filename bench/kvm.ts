import type { Bench } from "./figure.ts";

/** A bench that has no figures where there is no KVM. */
export function onKvm(name: string, bench: Bench): Bench {
  return async (scale) => {
    if (await hasKvm()) return await bench(scale);
    console.error(`${name}: there is no /dev/kvm that this user may use`);
    return [];
  };
}

async function hasKvm(): Promise<boolean> {
  try {
    (await Deno.open("/dev/kvm", { read: true, write: true })).close();
    return true;
  } catch {
    return false;
  }
}
