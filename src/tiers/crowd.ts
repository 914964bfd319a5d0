/** Where in its crowd it is; the crowd's to write. */
export interface Member {
  place: number;
}

/**
 * Members that come and go all the time. (Of a Set whose members do, V8 makes a new table every few, and each table leads to
 * the next: once one is old, every minor collection takes all that were ever in it for alive, 10 ms each time.)
 */
export class Crowd<M extends Member> {
  readonly #members: M[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** As they are now: it may be changed meanwhile. */
  get members(): readonly M[] {
    return [...this.#members];
  }

  add(member: M): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Nothing happens where it is not there. */
  delete(member: M): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    const last = this.#members.pop()!;
    if (last === member) return;
    this.#members[place] = last;
    last.place = place;
  }
}
