from flask import Flask, request

app = Flask(__name__)


@app.get("/<name>")
def hello(name):
    return f"hello {name} {request.args['n']}"


app.run(host="127.0.0.1", port=8080)
