import assert from "node:assert/strict";
import { type Difference, differences, judge } from "./cpython/compare.ts";
import expected from "./cpython/expected.json" with { type: "json" };
import { findPython, type Outcomes, runInVm, runOnHost } from "./cpython/suite.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** CPython's own tests pass in a VM as they do beside it: what is quick and asks most of Linux. tests/cpython/all.ts runs all. */

const MODULES = [
  ...["test_os", "test_posix", "test_fileio", "test_tempfile", "test_shutil", "test_pathlib", "test_glob", "test_stat"],
  ...["test_mmap", "test_select", "test_poll", "test_epoll", "test_thread", "test_resource", "test_fcntl", "test_time"],
  ...["test_struct", "test_zlib", "test_math", "test_contextlib", "test_fileinput", "test_httplib"],
];

const python = await findPython();
const isLeftOut = WITHOUT_KVM || python === null;

for (const module of MODULES) {
  Deno.test({
    name: `CPython's ${module} passes in a VM as it does beside it${
      python === null ? " (left out: python3 has no tests with it)" : ""
    }`,
    ignore: isLeftOut,
    fn: async () => {
      const [host, vm] = await Promise.all([runOnHost(python!, module), runInVm(python!, module)]);
      assert.ok(host.size > 0);
      assert.deepEqual(judge(differences(host, vm), [module], expected), { new: [], gone: [] });
    },
  });
}

const outcomes = (of: Record<string, string>): Outcomes =>
  new Map(Object.entries(of).map(([test, outcome]) => [test, { outcome, why: "Traceback\nOSError: [Errno 22]\n" }]));

Deno.test("a test that passes on the host only is a difference, whatever it does in a VM", () => {
  const host = outcomes({
    "test.test_a.A.one": "ok",
    "test.test_a.A.two": "ok",
    "test_a.three": "ok",
    "test_a.four": "fail",
  });
  const vm = outcomes({ "test.test_a.A.one": "ok", "test.test_a.A.two": "fail", "test_a.four": "error" });
  const found: Difference[] = differences(host, vm);
  assert.deepEqual(found.map(({ test, inVm }) => [test, inVm]), [["test_a.A.two", "fail"], [
    "test_a.three",
    "missing",
  ]]);
});

Deno.test("what is known to differ may do so, and has to", () => {
  const found = [{ test: "test_a.A.two", inVm: "fail", why: "" }, { test: "test_a.B.x", inVm: "fail", why: "" }];
  const always = { "why": ["test_a.A.*", "test_a.gone", "test_other.gone"] };
  const findings = judge(found, ["test_a"], { always, sometimes: { "root": ["test_a.root"] } });
  assert.deepEqual(findings, { new: [found[1]], gone: ["test_a.gone"] });
});
