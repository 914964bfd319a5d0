"""`lambda_handler(event, context)`: the request as an HTTP API event of version 2.0, its result as a response."""

from base64 import b64decode, b64encode
from datetime import datetime, timezone
from json import dumps
from re import IGNORECASE, compile as pattern
from time import time
from urllib.parse import parse_qsl, urlsplit

from .context import settings
from .request import Headers
from .response import JSON, TEXT, BadResponse, Response

is_text = pattern(
    r"text/|application/(json|javascript|xml|x-www-form-urlencoded|graphql)|[^;]*\+(json|xml)", IGNORECASE
).match


def joined(pairs):
    values = {}
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def body_of(request, content_type):
    data = request.body
    if not data:
        return {"isBase64Encoded": False}
    if is_text(content_type):
        try:
            return {"body": data.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": b64encode(data).decode(), "isBase64Encoded": True}


def event_of(request, context):
    url = urlsplit(request.url)
    headers = Headers("") if request.headers is None else request.headers
    now = time()
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": url.path,
        "rawQueryString": url.query,
        "headers": {name: value for name, value in headers.items() if name != "cookie"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "mayfly",
            "domainName": url.hostname or "",
            "domainPrefix": (url.hostname or "").split(".")[0],
            "http": {
                "method": request.method,
                "path": url.path,
                "protocol": "HTTP/1.1",
                # Not known here.
                "sourceIp": "0.0.0.0",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": context.requestId,
            "routeKey": "$default",
            "stage": "$default",
            "time": datetime.fromtimestamp(now, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        **body_of(request, headers.get("content-type", "")),
    }
    if "cookie" in headers:
        event["cookies"] = [cookie.strip() for cookie in headers["cookie"].split(";")]
    if url.query:
        event["queryStringParameters"] = joined(parse_qsl(url.query, keep_blank_values=True))
    if context.params:
        event["pathParameters"] = context.params
    return event


class LambdaContext:
    """As AWS calls it."""

    def __init__(self, context):
        name, version = settings.function["name"], settings.function["version"]
        self._signal = context.signal
        self.function_name = name
        self.function_version = version
        self.invoked_function_arn = f"arn:aws:lambda:local:000000000000:function:{name}"
        self.memory_limit_in_mb = str(settings.memory_bytes >> 20)
        self.aws_request_id = context.requestId
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = version
        self.identity = None
        self.client_context = None

    def get_remaining_time_in_millis(self):
        return int(self._signal.remaining * 1000)


def json_of(result):
    try:
        return dumps(result, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise BadResponse(f"Cannot answer with JSON: {error}") from None


def response_of(result):
    if isinstance(result, Response):
        return result
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else json_of(result)
        return Response(body, 200, {"content-type": JSON})
    headers = dict(result.get("headers") or {})
    several = result.get("multiValueHeaders") or {}
    names = {name.lower() for name in several}
    pairs = [(name, value) for name, value in headers.items() if name.lower() not in names]
    pairs += [(name, [as_text(value) for value in values]) for name, values in several.items()]
    pairs += [("set-cookie", cookie) for cookie in result.get("cookies") or ()]
    pairs = [(name, value if isinstance(value, list) else as_text(value)) for name, value in pairs]
    body = result.get("body")
    if body is None:
        body = b""
    elif result.get("isBase64Encoded"):
        try:
            body = b64decode(body)
        except (TypeError, ValueError) as error:
            raise BadResponse(f"Cannot answer with body: it is no base64 ({error})") from None
    elif not isinstance(body, (str, bytes)):
        body = json_of(body)
    if body and not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("content-type", TEXT))
    try:
        status = int(result["statusCode"])
    except (TypeError, ValueError):
        raise BadResponse(f"Cannot answer with statusCode {result['statusCode']!r}: a number is expected") from None
    return Response(body if body else None, status, pairs)


def as_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
