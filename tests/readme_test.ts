import assert from "node:assert/strict";
import { SERVER_RULES } from "../src/registry/server_settings.ts";
import { FUNCTION_DEFAULTS, SERVER_DEFAULTS, TENANT_CAPS } from "../src/limits.ts";
import { DEFAULT_CAPS, functionRules } from "../src/registry/settings.ts";

const README = await Deno.readTextFile(new URL("../README.md", import.meta.url));

/** A table's rows by their key, from the first one after a text. */
function tableAfter(text: string): Map<string, string> {
  const [table] = README.slice(README.indexOf(text)).match(/(?:^\|.*\n)+/m)!;
  const rows = [...table.matchAll(/^\| `(\w+)` +\| +(.*?) +\|/gm)];
  return new Map(rows.map(([, key, value]) => [key, value]));
}

const tables: readonly [text: string, keys: readonly string[], defaults: Readonly<Record<string, unknown>>][] = [
  ["Of a function:", Object.keys(functionRules(DEFAULT_CAPS, true)), { ...FUNCTION_DEFAULTS, memoryMb: undefined }],
  ["Of the server", Object.keys(SERVER_RULES), SERVER_DEFAULTS],
  ["Caps of a tenant", Object.keys(TENANT_CAPS), TENANT_CAPS],
];

for (const [text, keys, defaults] of tables) {
  Deno.test(`the README has every key with its default: ${text}`, () => {
    const rows = tableAfter(text);
    assert.deepEqual([...rows.keys()].sort(), [...keys].sort());
    for (const [key, value] of Object.entries(defaults)) {
      if (value === undefined) continue;
      const written = typeof value === "number" ? `${value}` : `\`${JSON.stringify(value)}\``;
      assert.equal(rows.get(key), written, key);
    }
  });
}
