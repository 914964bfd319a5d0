/** What packages are told when they ask where they run. */
export const VERSIONS = { deno: "2.9.6", node: "26.3.0" } as const;
