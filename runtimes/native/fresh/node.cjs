// Loaded before the program by `node --require`. Each request is answered by a clone of the process as it was when it waited
// for one, generators included: what a program draws from then on has to come from the system. Only what draws
// below JavaScript is not reached, such as the keys of TLS.
const crypto = require("node:crypto");
const { openSync, readSync } = require("node:fs");
const { syncBuiltinESMExports } = require("node:module");
const { Server } = require("node:net");
const { isMainThread } = require("node:worker_threads");

const source = openSync("/dev/urandom", "r");

// More at once costs no more than one: it is leaving the VM that does.
const pool = Buffer.alloc(512);
let left = 0;
let isSeeded = false;

function fill(bytes) {
  if (bytes.length > pool.length) {
    for (let at = 0; at < bytes.length;) at += readSync(source, bytes, at, bytes.length - at);
    return;
  }
  // Nobody tells another thread of a new connection.
  if (left < bytes.length || !isMainThread) left = readSync(source, pool, 0, pool.length);
  pool.copy(bytes, 0, left - bytes.length, left);
  pool.fill(0, left - bytes.length, left);
  left -= bytes.length;
}

// A connection or a request: the snapshot is taken between the two.
const emit = Server.prototype.emit;
Server.prototype.emit = function (event, ...values) {
  left = 0;
  isSeeded = false;
  return Reflect.apply(emit, this, [event, ...values]);
};

// ---- node:crypto and Web Crypto: they check what they are given, and what they fill is filled again ----

function view(target) {
  return ArrayBuffer.isView(target)
    ? Buffer.from(target.buffer, target.byteOffset, target.byteLength)
    : Buffer.from(target);
}

const { randomBytes, randomFillSync, randomFill, randomInt, randomUUID } = crypto;

crypto.randomBytes = function (size, callback) {
  const refill = (bytes) => (fill(bytes), bytes);
  if (callback === undefined) return refill(randomBytes(size));
  return randomBytes(size, (error, bytes) => error ? callback(error) : callback(null, refill(bytes)));
};

// Of the part of it that `offset` and `size` name, which may be left out: in elements, as the array has them.
function refillPart(target, offset = 0, size) {
  const unit = target.BYTES_PER_ELEMENT ?? 1;
  const bytes = view(target);
  fill(bytes.subarray(offset * unit, size === undefined ? bytes.length : (offset + size) * unit));
  return target;
}

crypto.randomFillSync = function (target, offset, size) {
  randomFillSync(target, offset, size);
  return refillPart(target, offset, size);
};

crypto.randomFill = function (target, ...rest) {
  const callback = rest.pop();
  return randomFill(target, ...rest, (error) => error ? callback(error) : callback(null, refillPart(target, ...rest)));
};

// 48 bits, of which the last numbers that would not be spread evenly are drawn again.
function drawBelow(range) {
  const bytes = Buffer.alloc(6);
  const most = 2 ** 48 - 2 ** 48 % range;
  for (;;) {
    fill(bytes);
    const drawn = bytes.readUIntBE(0, 6);
    if (drawn < most) return drawn % range;
  }
}

crypto.randomInt = function (min, max, callback) {
  const [from, to] = typeof max === "number" ? [min, max] : [0, min];
  const done = typeof max === "function" ? max : callback;
  if (done === undefined) {
    randomInt(from, to);
    return from + drawBelow(to - from);
  }
  return randomInt(from, to, (error) => error ? done(error) : done(null, from + drawBelow(to - from)));
};

crypto.randomUUID = function (options) {
  randomUUID(options);
  const bytes = Buffer.alloc(16);
  fill(bytes);
  bytes[6] = bytes[6] & 0x0f | 0x40;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

const web = crypto.webcrypto.constructor.prototype;
const { getRandomValues } = web;
web.getRandomValues = function (target) {
  Reflect.apply(getRandomValues, this, [target]);
  fill(view(target));
  return target;
};
web.randomUUID = function () {
  return crypto.randomUUID();
};
crypto.getRandomValues = (target) => crypto.webcrypto.getRandomValues(target);
syncBuiltinESMExports();

// ---- Math.random: a small fast generator, with a state of this clone's own ----

const state = new Int32Array(4);

function seed() {
  fill(view(state));
  isSeeded = true;
}

function next() {
  const drawn = (state[0] + state[1] | 0) + state[3] | 0;
  state[3] = state[3] + 1 | 0;
  state[0] = state[1] ^ state[1] >>> 9;
  state[1] = state[2] + (state[2] << 3) | 0;
  state[2] = (state[2] << 21 | state[2] >>> 11) + drawn | 0;
  return drawn >>> 0;
}

Math.random = function random() {
  if (!isSeeded) seed();
  return ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
};
