import { randomInt } from "node:crypto";
import { join } from "node:path";

/** The ids of cells' users: far above what a usual system gives to its users and services. */
const FIRST_USER = 0x6000_0000;
const LAST_USER = 0x7000_0000;
const MOST_USERS = 0x10000;
const BASES = (LAST_USER - FIRST_USER) / MOST_USERS;

interface Written {
  /** The first id of this data folder's: another server on the machine has others. */
  readonly base: number;
  readonly tenants: string[];
}

/** A user of its own for each tenant's cell, the same after a restart. */
export class Users {
  readonly #file: string;
  readonly #base: number;
  readonly #tenants: string[];
  /** How many of them are in the file. */
  #kept: number;
  #written: Promise<void> = Promise.resolve();

  private constructor(file: string, { base, tenants }: Written) {
    this.#file = file;
    this.#base = base;
    this.#tenants = tenants;
    this.#kept = tenants.length;
  }

  static async open(folder: string, drawn: (bases: number) => number = randomInt): Promise<Users> {
    const file = join(folder, "cell-users.json");
    const written = await read(file);
    if (written) return new Users(file, written);
    const users = new Users(file, { base: FIRST_USER + drawn(BASES) * MOST_USERS, tenants: [] });
    await users.#write([]);
    return users;
  }

  /** No tenant's. */
  get free(): number {
    return this.#base;
  }

  /** The id is the tenant's for good once this resolves. */
  async of(tenant: string): Promise<number> {
    let at = this.#tenants.indexOf(tenant);
    if (at < 0) {
      if (this.#tenants.length >= MOST_USERS - 1) {
        throw new Error("Cannot give a cell a user of its own: all are taken");
      }
      at = this.#tenants.push(tenant) - 1;
    }
    // What could not be written is tried again.
    if (at >= this.#kept) this.#written = this.#written.catch(() => {}).then(() => this.#keep());
    await this.#written;
    return this.#base + 1 + at;
  }

  async #keep(): Promise<void> {
    if (this.#kept === this.#tenants.length) return;
    const tenants = [...this.#tenants];
    await this.#write(tenants);
    this.#kept = tenants.length;
  }

  async #write(tenants: string[]): Promise<void> {
    const making = `${this.#file}.new`;
    const written: Written = { base: this.#base, tenants };
    await Deno.writeTextFile(making, JSON.stringify(written) + "\n", { mode: 0o600 });
    await Deno.rename(making, this.#file);
  }
}

async function read(file: string): Promise<Written | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const written = parsed(text);
  // A name that is lost would give its user to another tenant.
  if (isWritten(written)) return written;
  throw new Error(`Cannot read ${file}: it is no list of names with its first user`);
}

function isWritten(value: unknown): value is Written {
  const { base, tenants } = (value ?? {}) as Partial<Written>;
  return Number.isInteger(base) && base! >= FIRST_USER && base! <= LAST_USER - MOST_USERS && Array.isArray(tenants) &&
    tenants.every((name) => typeof name === "string");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
