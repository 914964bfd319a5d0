import semver from "semver";

export default () =>
  Response.json([
    semver.satisfies("1.2.3", "^1.0.0 || >=3"),
    ["1.10.0", "1.2.0", "1.2.0-beta.1"].sort(semver.compare),
    semver.inc("1.2.3", "minor"),
    semver.coerce("v2")?.version,
    semver.minVersion(">=1.2 <2")?.version,
  ]);
