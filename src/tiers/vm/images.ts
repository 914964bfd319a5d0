import type { RuntimeImage } from "../../../runtimes/runtime.ts";
import type { StoredView } from "./stored.ts";

/** A runtime's packed image on this machine. */
export interface PackedImage extends StoredView {
  readonly key: string;
}

/** The runtimes' packed images, each found or made when it is first needed; one object for each, as cells share them. */
export class Images {
  readonly #make: (image: RuntimeImage) => Promise<PackedImage>;
  readonly #made = new Map<string, Promise<PackedImage>>();

  constructor(make: (image: RuntimeImage) => Promise<PackedImage>) {
    this.#make = make;
  }

  of(image: RuntimeImage): Promise<PackedImage> {
    let made = this.#made.get(image.name);
    if (!made) {
      made = this.#make(image);
      this.#made.set(image.name, made);
      made.catch(() => this.#made.delete(image.name));
    }
    return made;
  }
}
