/** Does with an origin on this machine what a hostile or a careless function would. */
export const config = { net: ["127.0.0.1"], timeoutMs: 1000, memoryMb: 32 };

type Deed = (origin: string) => unknown;

const deeds: Readonly<Record<string, Deed>> = {
  waits: (origin) => fetch(`${origin}/never`),
  drips: async (origin) => await (await fetch(`${origin}/endless`)).text(),
  "reads a bomb": async (origin) => await (await fetch(`${origin}/bomb`)).text(),
  "reads a flood": async (origin) => await (await fetch(`${origin}/flood`)).bytes(),
  "throws in the middle": async (origin) => {
    await fetch(`${origin}/flood`);
    throw new Error("in the middle");
  },
  "answers in the middle": async (origin) => {
    const { body } = await fetch(`${origin}/flood`);
    await body!.getReader().read();
    return "answered";
  },
  "spins in the middle": async (origin) => {
    await fetch(`${origin}/flood`);
    for (;;);
  },
  "uploads for ever": (origin) => {
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    return fetch(`${origin}/count`, { method: "POST", body, ...{ duplex: "half" } });
  },
  "holds all that it can": async (origin) => {
    const all = Array.from({ length: 200 }, () => fetch(`${origin}/flood`));
    await Promise.all(all);
  },
};

export default async (request: Request) => {
  const { searchParams } = new URL(request.url);
  return new Response(`${await deeds[searchParams.get("deed")!](searchParams.get("origin")!)}`);
};
