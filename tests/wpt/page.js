/**
 * Runs one test file: in a function's sandbox, and in plain Deno. testharness.js has been evaluated before, as a script.
 * It is JavaScript because its source goes into the sandbox as it is.
 */

const STATUS = ["pass", "fail", "timeout", "not run", "precondition failed"];
/** In a sandbox under test this time passes at once when nothing else can happen; in Deno the page is ended before. */
const STUCK_MS = 600_000;

/** What the tests expect of a page beside the interfaces under test. */
function furnish(url, resources) {
  const realFetch = globalThis.fetch;
  const globals = {
    GLOBAL: { isWindow: () => true, isWorker: () => false, isShadowRealm: () => false },
    Window: class Window {},
    location: url,
    fetch: (input, init) => {
      const file = typeof input === "string" && !/^\w+:/.test(input)
        ? resources[new URL(input, url).pathname.slice(1)]
        : undefined;
      return file === undefined ? realFetch(input, init) : Promise.resolve(new Response(file));
    },
  };
  for (const [key, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, key, { value, writable: true, configurable: true, enumerable: false });
  }
}

/** The names of its subtests, with how each ended. */
export function runPage({ path, part, source, resources }) {
  furnish(new URL(path + part, "http://web-platform.test/"), resources);
  const results = {};
  const failed = (why) => results["(the file itself)"] = `fail: ${why}`;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      failed("it waits for what never comes");
      resolve(results);
    }, STUCK_MS);
    globalThis.setup({ explicit_done: true });
    globalThis.add_result_callback(({ name, status, message }) => {
      // A half of a pair cannot be written to a file.
      results[name.isWellFormed() ? name : JSON.stringify(name)] = status === 0
        ? "pass"
        : `${STATUS[status]}: ${message}`;
    });
    globalThis.add_completion_callback((_, { status, message }) => {
      if (status !== 0) failed(message);
      clearTimeout(timer);
      resolve(results);
    });
    try {
      (0, eval)(source);
    } catch (error) {
      failed(error);
    }
    globalThis.done();
  });
}
