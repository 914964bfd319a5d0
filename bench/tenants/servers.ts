import { Baseline } from "../baseline.ts";
import { atMost, type Bench } from "../figure.ts";
import { median } from "../statistics.ts";
import { cleanLoad, serverWith } from "./server.ts";

const FLASK = `
import json
import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return json.dumps({"message": "hello"})


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = int(os.environ["PORT"])
    print(f"http://127.0.0.1:{port}", flush=True)
    app.run(host="127.0.0.1", port=port, threaded=False)
`;
const REQUIREMENTS = "flask==3.1.2\n";
const GO = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
	fmt.Println("http://127.0.0.1:" + os.Getenv("PORT"))
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`;

/** Servers that know nothing of Mayfly, a microVM for each request, beside themselves on the host. */
export const servers: Bench = async ({ rounds, seconds }) => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.go`, GO);
    await run(["go", "build", "-o", `${folder}/server`, `${folder}/main.go`], { CGO_ENABLED: "0" });
    await Deno.writeTextFile(`${folder}/app.py`, FLASK);
    await run(["python3", "-m", "pip", "install", "--quiet", "--target", `${folder}/packages`, REQUIREMENTS.trim()]);
    await using flask = await Baseline.run(["python3", `${folder}/app.py`], {
      PORT: `${freePort()}`,
      PYTHONPATH: `${folder}/packages`,
    });
    await using go = await Baseline.run([`${folder}/server`], { PORT: `${freePort()}` });
    await using server = await serverWith({
      "@acme/flask/app.py": FLASK,
      "@acme/flask/requirements.txt": REQUIREMENTS,
      "@acme/go/server": await Deno.readFile(`${folder}/server`),
      "@acme/mayfly.json": JSON.stringify({ functions: { flask: { run: ["python3", "app.py"] } } }),
    });
    const p50 = async (url: string) => {
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        times.push((await cleanLoad(url, { connections: 1, seconds })).p50Us);
      }
      return median(times);
    };
    const [bareFlask, vmFlask] = [await p50(`${flask.url}/`), await p50(`${server.url}/@acme/flask/`)];
    const [bareGo, vmGo] = [await p50(`${go.url}/`), await p50(`${server.url}/@acme/go/`)];
    return [
      atMost(
        "Flask, a VM for each request: p50, of the same server's bare",
        2,
        "x",
        vmFlask / bareFlask,
        beside(vmFlask, bareFlask),
      ),
      atMost("Go net/http, a VM for each request: p50 added", 300, "us", vmGo - bareGo, beside(vmGo, bareGo)),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};

const beside = (vm: number, bare: number) => `${vm} us; bare ${bare} us`;

async function run([program, ...args]: string[], env: Record<string, string> = {}): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, env, stdout: "null" }).output();
  if (!success) throw new Error(`Cannot run ${program}: ${new TextDecoder().decode(stderr)}`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
