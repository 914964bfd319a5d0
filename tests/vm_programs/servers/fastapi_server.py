import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/{name}")
async def hello(name: str, n: int):
    return {"hello": name, "n": n + 1}


@app.get("/threads/{name}")
def from_a_thread(name: str):
    return {"hello": name}


uvicorn.run(app, host="127.0.0.1", port=8080)
