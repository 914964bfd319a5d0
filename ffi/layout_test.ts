import assert from "node:assert/strict";
import { startSetup } from "../src/setup/setup.ts";
import * as layout from "./layout.ts";
import { Native } from "./native.ts";
import { openShim } from "./symbols.ts";

const { library } = await startSetup({ progress: console.log }).shim;

/** `in_length` in C is `inLength` here; the values of enums have one name in both. */
const camelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

function linesOfTypeScript(): string[] {
  return Object.entries(layout).flatMap(([group, values]) =>
    Object.entries(values).map(([name, value]) => `${group}.${name}=${value}`)
  );
}

function linesOfTheShim(): string[] {
  return new Native(openShim(library)).layout().trim().split("\n").map((line) => {
    const [group, name, value] = line.split(/[.=]/);
    return `${group}.${name === name.toUpperCase() ? name : camelCase(name)}=${value}`;
  });
}

Deno.test("every offset, size and enum value is what the C compiler says, and none is missing on either side", () => {
  assert.deepEqual(linesOfTypeScript().sort(), linesOfTheShim().sort());
});
