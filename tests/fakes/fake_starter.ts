import { systemClock } from "../../src/clock.ts";
import type { Clock } from "../../src/clock.ts";
import { Deadlines } from "../../src/deadlines.ts";
import { hostOf } from "../../src/host/host.ts";
import { NO_GROUPS } from "../../src/tiers/vm/cell_group.ts";
import { CellStarter } from "../../src/tiers/vm/cell_starter.ts";
import { type Answer, FakeCell } from "./fake_cell.ts";

export interface FakeStarterOptions {
  readonly clock: Clock;
  readonly onTrouble: (message: string) => void;
  /** What cells answer requests with. */
  readonly answer?: Answer;
}

/** Starts cells that are the test's: `processes` has them all, the spare ones too. */
export function fakeStarter({ clock, onTrouble, answer }: FakeStarterOptions) {
  const processes: FakeCell[] = [];
  const open = () => {
    const process = new FakeCell();
    if (answer) process.answer = answer;
    processes.push(process);
    return Promise.resolve(process);
  };
  const starter = new CellStarter({
    clock,
    deadlines: new Deadlines(systemClock),
    host: hostOf({}),
    cores: 2,
    open,
    users: null,
    groups: NO_GROUPS,
    memoryBytesOf: () => 2 ** 31,
    cpuShareOf: () => 1,
    onTrouble,
  });
  return { starter, processes };
}
