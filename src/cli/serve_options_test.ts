import assert from "node:assert/strict";
import { TempDir } from "../../tests/fakes/temp_dir.ts";
import { OperatorError } from "../errors.ts";
import { serveOptions } from "./serve_options.ts";

Deno.test("without options the server is for this machine alone, in the folder where the user stands", async () => {
  await using folder = await TempDir.make();
  await Deno.mkdir(`${folder.path}/functions`);
  assert.deepEqual(await serveOptions({}, folder.path), {
    functionsDir: `${folder.path}/functions`,
    dataDir: `${folder.path}/.mayfly`,
    hostname: "127.0.0.1",
    port: 8000,
    dev: false,
  });
});

Deno.test("relative folders are relative to where the user stands, absolute ones are not", async () => {
  await using folder = await TempDir.make();
  const { functionsDir, dataDir, port } = await serveOptions(
    { functions: ".", data: "/elsewhere", port: "0" },
    folder.path,
  );
  assert.equal(functionsDir, folder.path);
  assert.equal(dataDir, "/elsewhere");
  assert.equal(port, 0);
});

for (const port of ["", "notaport", "65536", "-1", "1.5", "0x50", "8000 ", "999999999999"]) {
  Deno.test(`the port cannot be ${JSON.stringify(port)}`, async () => {
    await assert.rejects(serveOptions({ port, functions: "." }, Deno.cwd()), OperatorError);
  });
}

for (const option of ["functions", "data", "host"] as const) {
  Deno.test(`--${option} cannot be empty`, async () => {
    await assert.rejects(serveOptions({ functions: ".", [option]: "" }, Deno.cwd()), OperatorError);
  });
}

Deno.test("a functions folder that is not there, or is a file, is named", async () => {
  await using folder = await TempDir.make();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  for (const functions of ["nothing", "file", "file/below"]) {
    await assert.rejects(
      serveOptions({ functions }, folder.path),
      (error) => error instanceof OperatorError && error.message.includes(`${folder.path}/${functions}`),
    );
  }
  const file = await serveOptions({ functions: "file" }, folder.path).catch((error) => error);
  assert.equal(file.hint, `--functions ${folder.path}, for the folder that it is in`);
});
