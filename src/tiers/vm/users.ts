import { join } from "node:path";

/** The first id of a cell's user: far above what a usual system gives to its users and services. */
const FIRST_USER = 0x6d000000;
const MOST_USERS = 0x10000;
/** No tenant's. */
export const FREE_USER = FIRST_USER + MOST_USERS;

/** A user of its own for each tenant's cell, the same after a restart. */
export class Users {
  readonly #file: string;
  readonly #tenants: string[];
  #written: Promise<void> = Promise.resolve();

  private constructor(file: string, tenants: string[]) {
    this.#file = file;
    this.#tenants = tenants;
  }

  static async open(folder: string): Promise<Users> {
    const file = join(folder, "cell-users.json");
    return new Users(file, await readNames(file));
  }

  /** The id is the tenant's for good once this resolves. */
  async of(tenant: string): Promise<number> {
    let at = this.#tenants.indexOf(tenant);
    if (at < 0) {
      if (this.#tenants.length >= MOST_USERS) throw new Error("Cannot give a cell a user of its own: all are taken");
      at = this.#tenants.push(tenant) - 1;
      this.#written = this.#written.then(() => this.#write());
    }
    await this.#written;
    return FIRST_USER + at;
  }

  async #write(): Promise<void> {
    const making = `${this.#file}.new`;
    await Deno.writeTextFile(making, JSON.stringify(this.#tenants) + "\n", { mode: 0o600 });
    await Deno.rename(making, this.#file);
  }
}

async function readNames(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const names = parsed(text);
  // A name that is lost would give its user to another tenant.
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  throw new Error(`Cannot read ${file}: it is no list of names`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
