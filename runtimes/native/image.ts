import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageSource } from "../../ffi/native_image.ts";
import type { RuntimeImage } from "../runtime.ts";
import { keyOfFiles } from "./key.ts";
import { isFile, Libraries } from "./libraries.ts";

/**
 * What programs are commonly linked with: the C and C++ libraries of this machine, then what languages and their packages
 * expect of any.
 */
const LIBRARIES = [
  ...["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libresolv.so.2"],
  ...["libnss_files.so.2", "libnss_dns.so.2", "libanl.so.1", "libcrypt.so.1"],
  ...["libstdc++.so.6", "libgcc_s.so.1", "libgomp.so.1", "libatomic.so.1", "libgfortran.so.5", "libquadmath.so.0"],
  ...["libssl.so.3", "libcrypto.so.3", "libssl.so.1.1", "libcrypto.so.1.1"],
  ...["libz.so.1", "libzstd.so.1", "libbz2.so.1.0", "liblzma.so.5"],
  ...["libffi.so.8", "libffi.so.7", "libsqlite3.so.0", "libexpat.so.1", "libuuid.so.1"],
];
export const GNU_LOADER = "/lib64/ld-linux-x86-64.so.2";
/** It is the C library as well. */
export const MUSL_LOADER = "/lib/ld-musl-x86_64.so.1";

/** Of accounts, names and hosts guests are told nothing of this machine: these files are the project's own. */
const ETC = fileURLToPath(new URL("./etc", import.meta.url));

/** Data that is the same on every machine. */
const DATA = ["/usr/share/zoneinfo", "/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8"];

/** Where systems keep the certificates that they trust. */
const CERTIFICATES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
/** Where OpenSSL, Go and others look for them, whichever system they were built for. */
const CERTIFICATES_WANTED = [...CERTIFICATES, "/usr/lib/ssl/cert.pem", "/etc/pki/tls/cert.pem"];

/** What every native program sees. */
export const image: RuntimeImage = {
  name: "native",
  key: async (env) => await keyOfFiles(await image.imageFiles(env)),
  imageFiles: nativeImageFiles,
};

async function nativeImageFiles(): Promise<readonly ImageSource[]> {
  const libraries = new Libraries();
  for (const loader of [GNU_LOADER, MUSL_LOADER]) {
    if (await isFile(loader)) await libraries.addNeeded({ interpreter: loader, needed: [] });
  }
  for (const name of LIBRARIES) await libraries.add(name);
  return [...await etc(), ...libraries.files, ...await certificates(), ...await data()];
}

async function etc(): Promise<ImageSource[]> {
  const names = (await Array.fromAsync(Deno.readDir(ETC))).map(({ name }) => name).sort();
  return names.map((name) => ({ host: join(ETC, name), path: `/etc/${name}` }));
}

async function certificates(): Promise<ImageSource[]> {
  for (const path of CERTIFICATES) {
    if (!await isFile(path)) continue;
    const host = await Deno.realPath(path);
    return CERTIFICATES_WANTED.map((path) => ({ host, path }));
  }
  return [];
}

async function data(): Promise<ImageSource[]> {
  const found: ImageSource[] = [];
  for (const path of DATA) {
    const isThere = await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
    if (isThere) found.push({ host: await Deno.realPath(path), path });
  }
  return found;
}
