/** What a child that only bundles, or compiles, needs: no registry, no certificates, nothing of the server's own. */
const PLAIN = ["PATH", "HOME", "XDG_CACHE_HOME", "DENO_DIR"];

/** What the npm client is told by: its registry, certificates, and the way out. */
const NPM =
  /^(npm_config_\w+|(https?|no|all)_proxy|deno_cert|deno_tls_ca_store|deno_auth_tokens|ssl_cert_(file|dir)|node_extra_ca_certs)$/i;

const QUIET = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_NO_PACKAGE_JSON: "1" };

type Env = Readonly<Record<string, string>>;

export function bundleEnv(env: Env): Env {
  return { ...QUIET, ...pick(env, (name) => PLAIN.includes(name)) };
}

/** `cache` is the tenant's own. */
export function npmEnv(env: Env, cache: string): Env {
  return { ...QUIET, ...pick(env, (name) => PLAIN.includes(name) || NPM.test(name)), DENO_DIR: cache };
}

function pick(env: Env, wanted: (name: string) => boolean): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => wanted(name)));
}
