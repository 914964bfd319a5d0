import assert from "node:assert/strict";
import { basename } from "node:path";
import { sourcesIn } from "../src/setup/vm_engine.ts";

/** `MAYFLY_DOCS=update` writes the tables into the page. */
const PAGE = new URL("../docs/microvms.md", import.meta.url);
const isUpdate = Deno.env.get("MAYFLY_DOCS") === "update";

/** What a call that serves nothing answers. */
const REFUSALS: Readonly<Record<string, string>> = {
  call_not_permitted: "EPERM",
  call_no_attributes: "EOPNOTSUPP",
  call_rseq: "ENOSYS",
  call_fork: "EAGAIN",
  call_wait: "ECHILD",
};

/** Bounds that are not of a VM's limits. */
const BOUNDS = [
  "AREAS_MAX",
  "DESCRIPTORS_MAX",
  "EPOLLS_MAX",
  "EPOLL_ITEMS_MAX",
  "EVENTS_MAX",
  "FILES_MAX",
  "GUEST_VECTORS_MAX",
  "LINKS_MAX",
  "LOOKS_MAX",
  "PIPES_MAX",
  "PORTS_MAX",
  "PROGRAM_STRINGS_MAX",
  "SIGNALS_QUEUED_MAX",
  "SIGNAL_TIMERS_MAX",
  "SOCKETS_MAX",
  "SOCKET_BACKLOG_MAX",
  "THREADS_MAX",
  "TREE_NODES_MAX",
];

const sources = new Map(
  await Promise.all(
    (await sourcesIn("")).map(async (path) => [basename(path), await Deno.readTextFile(path)] as const),
  ),
);

/** The families that call.c looks in, in its order. */
function families(): string[] {
  const [, list] = /families\[\] = \{([^}]*)\}/.exec(sources.get("call.c")!)!;
  return [...list.matchAll(/&(calls_\w+)/g)].map(([, family]) => family).concat("calls_host");
}

interface Row {
  readonly name: string;
  readonly refusal: string | undefined;
}

function rowsOf(family: string): Row[] {
  const text = sources.get(`${family}.c`)!;
  const [, table] = /static const struct call calls\[\] = \{\n([^]*?)\n\};/.exec(text)!;
  const rows = [...table.matchAll(/\{\w+, "(\w+)", (\w+), "[a-z-]*"\}/g)];
  assert.equal(rows.length, table.split("{").length - 1, `every row of ${family} is understood`);
  return rows.map(([, name, served]) => ({ name, refusal: REFUSALS[served] }));
}

function callsList(): string {
  const rows = families().map((family) => {
    const [, title] = new RegExp(`${family} = \\{"([^"]+)"`).exec(sources.get(`${family}.c`)!)!;
    const calls = rowsOf(family).map(({ name, refusal }) => refusal ? `\`${name}\` (${refusal})` : `\`${name}\``);
    return `- ${title} (\`${family}.c\`): ${calls.join(", ")}`;
  });
  return rows.join("\n");
}

function boundsTable(): string {
  const rows = BOUNDS.map((name) => {
    const define = new RegExp(`^#define ${name} (\\d+)u?\\b`, "m");
    const [file, text] = [...sources].find(([, text]) => define.test(text)) ?? [];
    assert.ok(text !== undefined, `${name} is in no header`);
    return `| \`${name}\` | ${define.exec(text)![1]} | \`${file}\` |`;
  });
  return ["| bound | at most | in |", "| --- | --- | --- |", ...rows].join("\n");
}

function withTable(page: string, name: string, table: string): string {
  const [head, rest] = page.split(`<!-- ${name} -->\n`);
  const tail = rest.slice(rest.indexOf(`<!-- end of ${name} -->`));
  return `${head}<!-- ${name} -->\n\n${table}\n\n${tail}`;
}

/** As `deno fmt` leaves it. */
async function formatted(markdown: string): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "--line-width", "120", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  return new TextDecoder().decode((await fmt.output()).stdout);
}

Deno.test("the page on microVMs lists every system call that is served, and every bound", async () => {
  const page = await Deno.readTextFile(PAGE);
  const expected = await formatted(withTable(withTable(page, "calls", callsList()), "bounds", boundsTable()));
  if (isUpdate) await Deno.writeTextFile(PAGE, expected);
  else assert.equal(page, expected, "MAYFLY_DOCS=update deno test -A tests/vm_docs_test.ts writes them");
});

Deno.test("no system call is in two families", () => {
  const names = families().flatMap((family) => rowsOf(family).map(({ name }) => name));
  assert.equal(new Set(names).size, names.length);
});

Deno.test("a file with a table of calls is in the list of families", () => {
  const withTables = [...sources.keys()].filter((file) => /^const struct call_family calls_/m.test(sources.get(file)!));
  assert.deepEqual(withTables.sort(), families().map((family) => `${family}.c`).sort());
});

Deno.test("the page on microVMs names files and functions that are there", async () => {
  const page = await Deno.readTextFile(PAGE);
  const all = [...sources.values()].join("\n");
  for (const [, file] of page.matchAll(/`([a-z_]+\.[ch])`/g)) assert.ok(sources.has(file), `there is a ${file}`);
  for (const [, name] of page.matchAll(/`(\w+__\w+)`/g)) assert.match(all, new RegExp(`\\b${name}\\(`), name);
});

Deno.test("the page on microVMs names all of this host's settings that a program is shown", async () => {
  const [defaults] = (await sourcesIn("harness")).filter((file) => file.endsWith("/defaults.c"));
  const shown = [...(await Deno.readTextFile(defaults)).matchAll(/"\/etc\/([^"]+)"/g)].map(([, name]) => name);
  const page = await Deno.readTextFile(PAGE);
  assert.ok(shown.length > 0);
  assert.deepEqual(shown.filter((name) => !page.includes(`\`${name}\``)), []);
});
