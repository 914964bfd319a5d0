/** Of a package: all but `tarball`, an address that the client would fetch it from. */
const PACKAGE_KEYS = [
  "integrity",
  "dependencies",
  "optionalDependencies",
  "optionalPeers",
  "os",
  "cpu",
  "deprecated",
  "scripts",
  "bin",
];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function only(record: Record<string, unknown>, keep: (key: string) => boolean): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keep(key)));
}

/**
 * What of a function's deno.lock the npm client is shown: which versions were chosen and what they hash to. Nothing of it
 * may name an address: the client would go there, whichever it is. Throws a SyntaxError.
 */
export function npmPartOf(lock: string): string {
  const whole: unknown = JSON.parse(lock);
  if (!isRecord(whole)) throw new SyntaxError("it is no object");
  const { version, specifiers, npm } = whole;
  const packages = isRecord(npm) ? Object.entries(npm) : [];
  return JSON.stringify({
    version,
    specifiers: isRecord(specifiers) ? only(specifiers, (name) => name.startsWith("npm:")) : {},
    npm: Object.fromEntries(
      packages.map(([id, entry]) => [id, isRecord(entry) ? only(entry, (key) => PACKAGE_KEYS.includes(key)) : {}]),
    ),
  });
}
