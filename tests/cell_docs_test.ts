import assert from "node:assert/strict";
import { join } from "node:path";
import { CELL_SOURCES } from "../src/setup/cell.ts";

/** `MAYFLY_DOCS=update` writes the table into the page. */
const PAGE = new URL("../docs/cells.md", import.meta.url);
const MARK = /<!-- calls -->\n[^]*?(?=\n## )/;
const filter = await Deno.readTextFile(join(CELL_SOURCES, "seccomp.c"));

const namesIn = (text: string) => [...text.matchAll(/\bSYS_(\w+)/g)].map(([, name]) => `\`${name}\``).join(" ");

function listOf(name: string): string {
  return namesIn(new RegExp(`\\b${name}\\[\\] = \\{([^}]*)\\}`).exec(filter)![1]);
}

/** Calls whose arguments are looked at, each with the function that says how. */
function checkedCalls(): string {
  return [
    ...new Set([...filter.matchAll(/filter__(?:one_of|exactly|without|both)\([^;]*?SYS_(\w+)/g)]
      .map(([, name]) => `\`${name}\``)),
  ].join(" ");
}

function requestsToKvm(): string {
  const [, list] = /ioctls\[\] = \{([^}]*)\}/.exec(filter)!;
  return list.match(/\w+/g)!.map((name) => `\`${name}\``).join(" ");
}

function table(): string {
  return [
    "<!-- calls -->",
    "",
    `With any arguments: ${listOf("calls")}.`,
    "",
    `With arguments that are checked: ${checkedCalls()}.`,
    "",
    `Only in cells that build: ${listOf("calls_of_builds")}.`,
    "",
    `Of \`ioctl\`: ${requestsToKvm()}.`,
    "",
  ].join("\n");
}

/** As it is, whichever way its lines are wrapped. */
const unwrapped = (text: string) => text.replace(/\s+/g, " ").trim();

Deno.test("the page on cells lists every system call that a cell may make", async () => {
  const page = await Deno.readTextFile(PAGE);
  if (Deno.env.get("MAYFLY_DOCS") === "update") return await Deno.writeTextFile(PAGE, page.replace(MARK, table()));
  assert.equal(unwrapped(MARK.exec(page)![0]), unwrapped(table()));
});
