const MAKE = `
import json, sys, zipfile
to, name, version, files, requires = *sys.argv[1:4], json.loads(sys.argv[4]), json.loads(sys.argv[5])
info = f"{name}-{version}.dist-info"
files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
files[f"{info}/METADATA"] += "".join(f"Requires-Dist: {one}\\n" for one in requires)
files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"])
with zipfile.ZipFile(f"{to}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
`;

/** A package that pip finds in a folder, without any index. */
export async function writeWheel(
  folder: string,
  name: string,
  version: string,
  files: Readonly<Record<string, string>>,
  requires: readonly string[] = [],
): Promise<void> {
  const args = ["-c", MAKE, folder, name, version, JSON.stringify(files), JSON.stringify(requires)];
  const { success, stderr } = await new Deno.Command("python3", { args }).output();
  if (!success) throw new Error(`Cannot make a wheel: ${new TextDecoder().decode(stderr)}`);
}
