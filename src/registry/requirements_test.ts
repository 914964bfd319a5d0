import assert from "node:assert/strict";
import { parseRequirements, RequirementError } from "./requirements.ts";

Deno.test("pinned names are taken, with extras, hashes, comments and continued lines", () => {
  const hash = `sha256:${"a".repeat(64)}`;
  const text =
    `# all of it\n\nFlask==3.0.3  # web\nrequests[socks, security] == 2.32.3\r\nTyping_Extensions==4.12.2 \\\n  --hash=${hash} \\\n  --hash=${hash}\n`;
  assert.deepEqual(parseRequirements(text), [
    { line: 3, name: "flask", extras: [], version: "3.0.3", hashes: [] },
    { line: 4, name: "requests", extras: ["socks", "security"], version: "2.32.3", hashes: [] },
    { line: 5, name: "typing-extensions", extras: [], version: "4.12.2", hashes: [hash, hash] },
  ]);
  assert.deepEqual(parseRequirements(""), []);
});

const refused = [
  "flask",
  "flask>=3",
  "flask==3.*",
  "flask===3",
  "flask==3,<4",
  "flask==3; python_version > '3'",
  "flask @ file:///etc",
  "./local",
  "-e .",
  "-r other.txt",
  "--index-url http://localhost/",
  "--extra-index-url=http://localhost/",
  "--find-links /",
  "flask==${HOME}",
  "$NAME==1",
  "git+ssh://localhost/x",
  "flask==3 --global-option=x",
  "flask==3 --hash=md5:0",
  "flask[$(id)]==3",
  "-flask==3",
  "flask==3 other==4",
  "fl\u0430sk==3\u00a0x",
];

for (const line of refused) {
  Deno.test(`what pip would obey, or could choose, is refused with its line: ${line}`, () => {
    assert.throws(
      () => parseRequirements(`# first\n${line}\n`),
      (error) => error instanceof RequirementError && error.line === 2,
    );
  });
}

Deno.test("a package is required once, and not too many are", () => {
  assert.throws(() => parseRequirements("a-b==1\nA_b==2"), /a-b twice: line 1/);
  const many = Array.from({ length: 300 }, (_, at) => `p${at}==1`).join("\n");
  assert.throws(() => parseRequirements(many), /more than 256/);
});
