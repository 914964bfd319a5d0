/** A thread of its own for much data: Web Crypto copies what it is given before it computes elsewhere. */
import { compute } from "./compute.ts";
import { joined } from "./parts.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface Task {
  readonly id: number;
  readonly operation: number;
  /** Its argument, one after the other. */
  readonly pieces: readonly Bytes[];
}

export type TaskResult = { readonly id: number; readonly answer: Bytes } | {
  readonly id: number;
  readonly error: string;
};

const scope = self as unknown as {
  onmessage(event: MessageEvent<Task>): void;
  postMessage(result: TaskResult, transfer?: Transferable[]): void;
};

scope.onmessage = async ({ data: { id, operation, pieces } }) => {
  try {
    const answer = await compute(operation, joined(pieces));
    scope.postMessage({ id, answer }, [answer.buffer]);
  } catch (error) {
    scope.postMessage({ id, error: error instanceof Error ? error.message : `${error}` });
  }
};
