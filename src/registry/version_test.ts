import assert from "node:assert/strict";
import { NO_DENO_CONFIG } from "./deno_config.ts";
import { type Inputs, isCurrent, type RootState } from "./inputs.ts";
import { DEFAULT_CAPS, functionSettings } from "./settings.ts";
import { versionOf } from "./version.ts";

const inputs: Inputs = {
  files: { "a.ts": "1", "_shared/b.ts": "2" },
  mapped: [["lib", "a.ts", "./_shared/b.ts"], ["hono", "a.ts", "npm:hono@4"]],
  compilerOptions: { jsx: "react-jsx" },
  packages: ["hono@4.13.19"],
  lock: "3",
  config: { timeoutMs: 5 },
};
const settings = functionSettings({ code: inputs.config, overrides: [], caps: DEFAULT_CAPS, home: true, tier: "wasm" });
const state: RootState = {
  hashOf: (path) => inputs.files[path],
  importMap: { imports: { lib: "./_shared/b.ts", hono: "npm:hono@4", other: "./x.ts" }, scopes: {} },
  compilerOptions: { jsx: "react-jsx" },
  lock: "3",
  settingsFor: (code) => functionSettings({ code, overrides: [], caps: DEFAULT_CAPS, home: true, tier: "wasm" }),
};

Deno.test("a version is the same for the same inputs, in whatever order", () => {
  const turned = { ...inputs, files: { "_shared/b.ts": "2", "a.ts": "1" } };
  assert.equal(versionOf("a.ts", inputs, settings, "e"), versionOf("a.ts", turned, settings, "e"));
  assert.match(versionOf("a.ts", inputs, settings, "e"), /^[0-9a-f]{16}$/);
});

Deno.test("a version is another one for any other input", () => {
  const versions = [
    versionOf("a.ts", inputs, settings, "e"),
    versionOf("a.tsx", inputs, settings, "e"),
    versionOf("a.ts", { ...inputs, files: { ...inputs.files, "a.ts": "x" } }, settings, "e"),
    versionOf("a.ts", { ...inputs, mapped: [] }, settings, "e"),
    versionOf("a.ts", { ...inputs, packages: ["hono@4.13.20"] }, settings, "e"),
    versionOf("a.ts", { ...inputs, lock: null }, settings, "e"),
    versionOf("a.ts", { ...inputs, compilerOptions: {} }, settings, "e"),
    versionOf("a.ts", inputs, { ...settings, env: { A: "1" } }, "e"),
    versionOf("a.ts", inputs, settings, "f"),
  ];
  assert.equal(new Set(versions).size, versions.length);
});

Deno.test("sources are current until anything that went into them changes", () => {
  assert.ok(isCurrent(inputs, JSON.stringify(settings), state));
  const changes: Partial<RootState>[] = [
    { hashOf: (path) => path === "_shared/b.ts" ? "x" : inputs.files[path] },
    { hashOf: (path) => path === "a.ts" ? undefined : inputs.files[path] },
    { importMap: { ...state.importMap, imports: { ...state.importMap.imports, lib: "./x.ts" } } },
    { importMap: { ...state.importMap, scopes: { "./": { lib: "./x.ts" } } } },
    { importMap: NO_DENO_CONFIG.importMap },
    { compilerOptions: {} },
    { lock: null },
    { settingsFor: () => ({ ...settings, timeoutMs: 6 }) },
    {
      settingsFor: () => {
        throw new Error("refused");
      },
    },
  ];
  for (const change of changes) {
    assert.ok(!isCurrent(inputs, JSON.stringify(settings), { ...state, ...change }), JSON.stringify(change));
  }
});

Deno.test("what a function does not use may change", () => {
  const imports = { ...state.importMap.imports, other: "./y.ts" };
  assert.ok(isCurrent(inputs, JSON.stringify(settings), { ...state, importMap: { imports, scopes: {} } }));
  assert.ok(isCurrent({ ...inputs, packages: [] }, JSON.stringify(settings), { ...state, lock: "x" }));
});
