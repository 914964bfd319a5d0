import { Blob, blobBytes, File, isBlob } from "./blob.ts";
import { alias, pairIteratorOf } from "./pair_iterator.ts";
import { apply, push } from "./primordials.ts";

export type FormValue = string | File;
type Entry = [name: string, value: FormValue];

let entryAt: (form: FormData, index: number) => Entry | undefined;
let isFormData: (value: unknown) => value is FormData;

/** A blob becomes a file, a file can get another name. */
function formValue(value: unknown, filename: unknown): FormValue {
  if (!isBlob(value)) {
    if (filename !== undefined) throw new TypeError("Cannot give a file name to what is no blob");
    return `${value}`.toWellFormed();
  }
  if (value instanceof File && filename === undefined) return value;
  const name = filename !== undefined ? `${filename}` : "blob";
  const lastModified = value instanceof File ? value.lastModified : undefined;
  return new File([blobBytes(value)], name, { type: value.type, lastModified });
}

export class FormData {
  #entries: Entry[] = [];

  constructor(form?: undefined) {
    if (form !== undefined) throw new TypeError("Cannot make form data of a form element: there is none here");
  }

  append(name: string, value: string | Blob, filename?: string): void {
    push(this.#entries, [`${name}`.toWellFormed(), formValue(value, filename)]);
  }

  delete(name: string): void {
    const key = `${name}`;
    this.#entries = this.#entries.filter((entry) => entry[0] !== key);
  }

  get(name: string): FormValue | null {
    const key = `${name}`;
    return this.#entries.find((entry) => entry[0] === key)?.[1] ?? null;
  }

  getAll(name: string): FormValue[] {
    const key = `${name}`;
    return this.#entries.filter((entry) => entry[0] === key).map((entry) => entry[1]);
  }

  has(name: string): boolean {
    const key = `${name}`;
    return this.#entries.some((entry) => entry[0] === key);
  }

  set(name: string, value: string | Blob, filename?: string): void {
    const entry: Entry = [`${name}`.toWellFormed(), formValue(value, filename)];
    const first = this.#entries.findIndex(([key]) => key === entry[0]);
    if (first < 0) {
      push(this.#entries, entry);
      return;
    }
    this.#entries[first] = entry;
    this.#entries = this.#entries.filter(([key], i) => i <= first || key !== entry[0]);
  }

  forEach(callback: (value: FormValue, name: string, form: FormData) => void, thisArg?: unknown): void {
    if (typeof callback !== "function") throw new TypeError("Cannot call what is no function for each entry");
    for (let i = 0; i < this.#entries.length; i++) {
      apply(callback, thisArg, [this.#entries[i][1], this.#entries[i][0], this]);
    }
  }

  entries(): IterableIterator<[string, FormValue]> {
    return iterator.entries(this);
  }
  keys(): IterableIterator<string> {
    return iterator.keys(this);
  }
  values(): IterableIterator<FormValue> {
    return iterator.values(this);
  }
  declare [Symbol.iterator]: () => IterableIterator<[string, FormValue]>;

  static {
    entryAt = (form, index) => form.#entries[index];
    isFormData = (value): value is FormData => typeof value === "object" && value !== null && #entries in value;
  }
}

const iterator = pairIteratorOf("FormData", entryAt);
alias(FormData.prototype, "entries");

export { isFormData };
