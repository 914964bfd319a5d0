import json


def handler(req):
    event = req.json()
    return {"message": "hello " + event["name"], "echo": json.loads(json.dumps(event))}
