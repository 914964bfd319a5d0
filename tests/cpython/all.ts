import { type Difference, differences, judge } from "./compare.ts";
import expected from "./expected.json" with { type: "json" };
import { allModules, findPython, runInVm, runOnHost } from "./suite.ts";

/**
 * Compares CPython's own test suite in a VM with the host: `deno run -A tests/cpython/all.ts [MODULE...]`, all modules
 * if none is named. It takes half an hour.
 */

const python = await findPython();
if (python === null) {
  console.error("Error: Cannot compare: python3 has no tests with it\nTry: a Python that was built from its sources");
  Deno.exit(2);
}

const modules = Deno.args.length > 0 ? Deno.args : await allModules(python);
const found: Difference[] = [];
let passes = 0;
for (const module of modules) {
  const [host, vm] = await Promise.all([runOnHost(python, module), runInVm(python, module)]);
  const of = differences(host, vm);
  passes += [...host.values()].filter(({ outcome }) => outcome === "ok").length;
  found.push(...of);
  console.log(`${module}: ${host.size} tests, ${of.length} differ`);
}

const findings = judge(found, modules, expected);
for (const { test, inVm, why } of findings.new) console.log(`new: ${test}: ${inVm}: ${why}`);
for (const pattern of findings.gone) console.log(`gone, remove it from expected.json: ${pattern}`);
console.log(`${passes} pass on the host; ${found.length} differ in a VM, ${findings.new.length} of them unexpectedly`);
if (findings.new.length + findings.gone.length > 0) Deno.exit(1);
