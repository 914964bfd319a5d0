import assert from "node:assert/strict";
import { findPython } from "./cpython/suite.ts";
import { Server } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** CPython's own tests in a function's process, where its runtime has done to Python what it does: as in a plain python3. */

const MAIN = `
import importlib, json, sys, unittest

config = {"memoryMb": 1024, "timeoutMs": 60000}


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.by_name = {}

    def tell(self, test, outcome, error=None):
        why = self._exc_info_to_string(error, test)[-500:] if error else ""
        self.by_name[test.id()] = [outcome, why]

    def addSuccess(self, test):
        self.by_name.setdefault(test.id(), ["ok", ""])

    def addSkip(self, test, why):
        self.tell(test, "skip")

    def addFailure(self, test, error):
        self.tell(test, "fail", error)

    def addError(self, test, error):
        self.tell(test, "fail", error)

    def addSubTest(self, test, subtest, error):
        if error:
            self.tell(test, "fail", error)


def outcomes_of(name):
    result = Outcomes()
    unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(name)).run(result)
    return result.by_name


def handler(req):
    return outcomes_of(req.query["module"])


if __name__ == "__main__":
    print("\\n" + json.dumps(outcomes_of(sys.argv[1])))
`;

const MODULES = ["test_dict", "test_re", "test_struct", "test_math", "test_json.test_decode", "test_textwrap"];

type Outcomes = Readonly<Record<string, readonly [outcome: string, why: string]>>;

const python = await findPython();

async function onHost(file: string, module: string): Promise<Outcomes> {
  const args = [file, `test.${module}`];
  const { stdout } = await new Deno.Command(python!.program, { args, cwd: file.slice(0, file.lastIndexOf("/")) })
    .output();
  return JSON.parse(new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1)!);
}

/** A microVM has one process. */
const needsAnother = (why: string): boolean => /\[Errno 11\]|fork/.test(why);

Deno.test(
  "CPython's own tests end in a function as in plain Python",
  { ignore: WITHOUT_KVM || python === null },
  async (t) => {
    await using server = await Server.start({ files: { "suite/main.py": MAIN } });
    for (const module of MODULES) {
      await t.step(module, async () => {
        const host = await onHost(`${server.functions}/suite/main.py`, module);
        const answer = await server.call(`/suite?module=test.${module}`);
        assert.equal(answer.status, 200, answer.text);
        const here = answer.json<Outcomes>();
        assert.ok(Object.keys(host).length > 0);
        const others = Object.keys({ ...host, ...here }).filter((name) =>
          host[name]?.[0] !== here[name]?.[0] && !needsAnother(here[name]?.[1] ?? "")
        );
        assert.deepEqual(others.map((name) => [name, host[name]?.[0], here[name]]), []);
      });
    }
  },
);
