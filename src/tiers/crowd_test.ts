import assert from "node:assert/strict";
import { Crowd, type Member } from "./crowd.ts";

Deno.test("a crowd has who came and did not go, whatever the order", () => {
  const crowd = new Crowd<Member>();
  const there = new Set<Member>();
  const all = Array.from({ length: 50 }, () => ({ place: 0 }));
  for (let times = 0; times < 5000; times++) {
    const member = all[Math.floor(Math.random() * all.length)];
    if (there.delete(member)) crowd.delete(member);
    else {
      crowd.add(member);
      there.add(member);
    }
    assert.equal(crowd.size, there.size);
  }
  assert.deepEqual(new Set(crowd.members), there);
});

Deno.test("who is not in a crowd can leave it", () => {
  const crowd = new Crowd<Member>();
  const [here, elsewhere] = [{ place: 0 }, { place: 0 }];
  crowd.add(here);
  crowd.delete(elsewhere);
  crowd.delete(here);
  crowd.delete(here);
  assert.equal(crowd.size, 0);
});
