import assert from "node:assert/strict";
import { engineFiles } from "./sandbox.ts";
import { readModule } from "./wasm_module.ts";

const module = async () => readModule((await engineFiles()).wasm);

Deno.test("the engine imports the clock and randomness, and nothing else", async () => {
  assert.deepEqual((await module()).imports, [
    { module: "mayfly", name: "clock", kind: "function" },
    { module: "mayfly", name: "random", kind: "function" },
  ]);
});

Deno.test("the engine exports its memory, its stack pointer, and the functions of guest.h", async () => {
  const names = (await module()).exports.map(({ name, kind }) => `${kind} ${name}`).sort();
  assert.deepEqual(names, [
    "function _initialize",
    "function mf_alloc",
    "function mf_boot",
    "function mf_init",
    "function mf_io",
    "function mf_step",
    "global __stack_pointer",
    "memory memory",
  ]);
});

Deno.test("one memory that cannot grow and one global are the whole state of an instance", async () => {
  const { memories, tables, mutableGlobals, opcodes } = await module();
  assert.equal(memories.length, 1);
  assert.equal(memories[0].min, memories[0].max);
  assert.equal(mutableGlobals, 1);
  assert.equal(tables.length, 1);
  assert.equal(tables[0].min, tables[0].max);
  const TABLE_SET = 0x26;
  assert.ok(!opcodes.has(TABLE_SET));
});

Deno.test("a function of 512 MB fits the memory", async () => {
  const [{ min }] = (await module()).memories;
  assert.ok(min * 65536 >= 540 * 1024 * 1024);
});

Deno.test("there are no bulk memory instructions: they fault outside of the module's own code", async () => {
  const prefixed = [...(await module()).opcodes].filter((opcode) => opcode > 0xff);
  assert.ok(prefixed.length > 0, "the saturating conversions are found");
  assert.deepEqual(prefixed.filter((opcode) => opcode > 0xfc07), []);
});
