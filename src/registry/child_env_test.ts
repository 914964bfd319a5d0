import assert from "node:assert/strict";
import { bundleEnv, npmEnv, pipEnv, pythonEnv } from "./child_env.ts";

const env = {
  PATH: "/bin",
  HOME: "/x",
  SECRET: "s",
  MAYFLY_TOKEN: "s",
  LD_PRELOAD: "s",
  NPM_CONFIG_REGISTRY: "r",
  npm_config_proxy: "p",
  HTTPS_PROXY: "p",
  no_proxy: "n",
  SSL_CERT_FILE: "c",
  NODE_EXTRA_CA_CERTS: "c",
  DENO_CERT: "c",
  DENO_DIR: "d",
};

Deno.test("a bundler knows nothing of the server's environment", () => {
  const known = Object.entries(bundleEnv(env)).filter(([name]) => name in env);
  assert.deepEqual(Object.fromEntries(known), { PATH: "/bin", HOME: "/x", DENO_DIR: "d" });
});

Deno.test("the npm client knows its registry, certificates and proxies, and the tenant's cache", () => {
  const known = npmEnv(env, "cache");
  assert.equal(known.DENO_DIR, "cache");
  for (
    const name of [
      "NPM_CONFIG_REGISTRY",
      "npm_config_proxy",
      "HTTPS_PROXY",
      "no_proxy",
      "SSL_CERT_FILE",
      "NODE_EXTRA_CA_CERTS",
      "DENO_CERT",
    ]
  ) {
    assert.ok(name in known, name);
  }
  for (const name of ["SECRET", "MAYFLY_TOKEN", "LD_PRELOAD"]) assert.ok(!(name in known), name);
});

Deno.test("pip knows its index, certificates and proxies, and no option that would run or write something else", () => {
  const env = {
    PATH: "/bin",
    PIP_INDEX_URL: "http://localhost/simple",
    https_proxy: "http://localhost:1",
    PIP_TARGET: "/elsewhere",
    PIP_NO_BINARY: ":all:",
    PYTHONPATH: "/elsewhere",
    SECRET: "1",
  };
  const { PIP_INDEX_URL, https_proxy, PATH, ...rest } = pipEnv(env);
  assert.deepEqual([PIP_INDEX_URL, https_proxy, PATH], [env.PIP_INDEX_URL, env.https_proxy, "/bin"]);
  assert.deepEqual(Object.keys(rest).filter((name) => name in env), []);
  assert.deepEqual(pythonEnv(env), { PATH: "/bin" });
});
