const initial = { random: Math.random(), now: Date.now(), origin: performance.timeOrigin };

/** What has to differ from one request to the next, and from init. */
export default () =>
  Response.json({
    random: [Math.random(), Math.random()],
    bytes: [...crypto.getRandomValues(new Uint8Array(16))].join(),
    uuid: crypto.randomUUID(),
    now: Date.now(),
    performance: performance.now(),
    origin: performance.timeOrigin,
    initial,
  });
