const MAKE = `
import json, sys, zipfile
to, name, version, files = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
info = f"{name}-{version}.dist-info"
files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
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
): Promise<void> {
  const args = ["-c", MAKE, folder, name, version, JSON.stringify(files)];
  const { success, stderr } = await new Deno.Command("python3", { args }).output();
  if (!success) throw new Error(`Cannot make a wheel: ${new TextDecoder().decode(stderr)}`);
}
