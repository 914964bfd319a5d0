/** Only there so that a failure ends: no test passes or fails by how long something took. */
const GIVE_UP_MS = 30_000;
const LOOK_AGAIN_MS = 10;

/** Waits until `look` finds something, and returns that. */
export async function until<T>(
  what: string | (() => string),
  look: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  giveUpMs = GIVE_UP_MS,
): Promise<T> {
  const giveUpAt = Date.now() + giveUpMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== null && found !== undefined) return found;
    if (Date.now() > giveUpAt) {
      throw new Error(`Cannot wait any longer until ${typeof what === "string" ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
