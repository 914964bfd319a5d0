import type { FunctionSummary } from "../gateway/admin_shapes.ts";

/** How a function stands, and which version serves where that is not what its sources make. */
export function stateText(
  { state, version, rolledBackFrom }: Pick<FunctionSummary, "state" | "version" | "rolledBackFrom">,
): string {
  if (version !== null && state !== "ready") return `${state}, version ${version} serves on`;
  return rolledBackFrom === null ? state : `rolled back from ${rolledBackFrom} to ${version}`;
}
