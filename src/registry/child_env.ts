/** What a child that only bundles, or compiles, needs: no registry, no certificates, nothing of the server's own. */
const PLAIN = ["PATH", "HOME", "XDG_CACHE_HOME", "DENO_DIR"];

/** What the npm client is told by: its registry, certificates, and the way out. */
const NPM =
  /^(npm_config_\w+|(https?|no|all)_proxy|deno_cert|deno_tls_ca_store|deno_auth_tokens|ssl_cert_(file|dir)|node_extra_ca_certs)$/i;

/** What pip is told by: its index, certificates, and the way out. Its options can name no program to run. */
const PIP =
  /^(pip_(index_url|extra_index_url|find_links|no_index|cert|client_cert|trusted_host|proxy|timeout|default_timeout|retries|config_file)|(https?|no|all)_proxy|ssl_cert_(file|dir)|requests_ca_bundle|xdg_config_(home|dirs))$/i;

const QUIET = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_NO_PACKAGE_JSON: "1" };

type Env = Readonly<Record<string, string>>;

export function bundleEnv(env: Env): Env {
  return { ...QUIET, ...pick(env, (name) => PLAIN.includes(name)) };
}

/** `cache` is the tenant's own. */
export function npmEnv(env: Env, cache: string): Env {
  return { ...QUIET, ...pick(env, (name) => PLAIN.includes(name) || NPM.test(name)), DENO_DIR: cache };
}

/** Of a child that only reads Python. */
export function pythonEnv(env: Env): Env {
  return pick(env, (name) => name === "PATH" || name === "HOME");
}

export function pipEnv(env: Env): Env {
  const quiet = {
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_INPUT: "1",
    PIP_ROOT_USER_ACTION: "ignore",
    NO_COLOR: "1",
  };
  return { ...pick(env, (name) => name === "PATH" || name === "HOME" || PIP.test(name)), ...quiet };
}

function pick(env: Env, wanted: (name: string) => boolean): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => wanted(name)));
}
