/**
 * Runs one test file: in a function's sandbox, and in plain Deno. testharness.js has been evaluated before, as a script.
 * It is JavaScript because its source goes into the sandbox as it is.
 */

const STATUS = ["pass", "fail", "timeout", "not run", "precondition failed"];

/** What the tests expect of a page beside the interfaces under test. */
function furnish(path, resources) {
  const realFetch = globalThis.fetch;
  const globals = {
    GLOBAL: { isWindow: () => true, isWorker: () => false, isShadowRealm: () => false },
    Window: class Window {},
    location: new URL(path, "http://web-platform.test/"),
    fetch: (input, init) => {
      const file = typeof input === "string" && !/^\w+:/.test(input)
        ? resources[new URL(input, new URL(path, "http://web-platform.test/")).pathname.slice(1)]
        : undefined;
      return file === undefined ? realFetch(input, init) : Promise.resolve(new Response(file));
    },
  };
  for (const [key, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, key, { value, writable: true, configurable: true, enumerable: false });
  }
}

/** The names of its subtests, with how each ended. */
export function runPage({ path, scripts, resources, patienceMs }) {
  furnish(path, resources);
  const results = {};
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(results), patienceMs);
    globalThis.setup({ explicit_done: true });
    globalThis.add_result_callback(({ name, status, message }) => {
      results[name] = status === 0 ? "pass" : `${STATUS[status]}: ${message}`;
    });
    globalThis.add_completion_callback((_, { status, message }) => {
      if (status !== 0) results["(the file itself)"] = `fail: ${message}`;
      clearTimeout(timer);
      resolve(results);
    });
    try {
      for (const script of scripts) (0, eval)(script);
    } catch (error) {
      results["(the file itself)"] = `fail: ${error}`;
    }
    globalThis.done();
  });
}
