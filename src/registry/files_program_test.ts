import assert from "node:assert/strict";
import { BuildError } from "../tiers/tier.ts";
import { filesProgram } from "./files_program.ts";
import type { Root } from "./root.ts";
import type { Source } from "./sources.ts";

const source: Source = { name: "app", file: "app/main.py", folder: "app", language: "python", problem: null };

async function explained(message: string, stack: string | null = null): Promise<string> {
  const { explain } = filesProgram({} as Root, source, {});
  return (await explain(new BuildError(message, null, stack), "")).message;
}

Deno.test("who lacks a Python module is told where packages are named", async () => {
  const lacks = (name: string) => `ModuleNotFoundError: No module named '${name}'`;
  const hint = (name: string) => `; if it is a package, requirements.txt has to name it, as ${name}==VERSION`;
  assert.equal(
    await explained(lacks("numpy"), "    at <module> (app/main.py:3:8)"),
    `app/main.py:3:8: ${lacks("numpy")}${hint("numpy")}`,
  );
  assert.equal(
    await explained(`Cannot boot: it exited with status 1\nTraceback:\n${lacks("flask.cli")}\nlast`),
    `app/main.py: Cannot boot: it exited with status 1\nTraceback:\n${lacks("flask.cli")}${hint("flask")}\nlast`,
  );
  const own = "ModuleNotFoundError: No module named 'lib.x'; 'lib' is not a package";
  assert.equal(await explained(own), `app/main.py: ${own}`);
});
