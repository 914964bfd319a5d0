"""The request as a handler sees it. Everything is looked at when it is asked for: most handlers ask for little."""

from json import JSONDecoder
from urllib.parse import parse_qsl, unquote, urlsplit

# Without looking at each body for which of five encodings it is in: JSON between systems is UTF-8.
decode_json = JSONDecoder().decode


class Headers:
    """Names in any case; of several values `[]` gives them joined, `get_all` each."""

    __slots__ = ("_values",)

    def __init__(self, text):
        parts = text.split("\n")
        values = {}
        for at in range(0, len(parts) - 1, 2):
            values.setdefault(parts[at], []).append(parts[at + 1])
        self._values = values

    def __getitem__(self, name):
        name = name.lower()
        return ("; " if name == "cookie" else ", ").join(self._values[name])

    def get(self, name, default=None):
        return self[name] if name in self else default

    def get_all(self, name):
        return list(self._values.get(name.lower(), ()))

    def __contains__(self, name):
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def keys(self):
        return self._values.keys()

    def values(self):
        return [self[name] for name in self]

    def items(self):
        return [(name, self[name]) for name in self]

    def __repr__(self):
        return f"Headers({dict(self.items())!r})"


class Query(dict):
    """Of several values of one name, `[]` gives the first, `get_all` each."""

    __slots__ = ("_pairs",)

    def __init__(self, text):
        self._pairs = parse_qsl(text, keep_blank_values=True)
        super().__init__(reversed(self._pairs))

    def get_all(self, name):
        return [value for key, value in self._pairs if key == name]


class Body:
    """The pieces of a body, as they come: for `for` and for `async for`."""

    __slots__ = ("_exchange", "_loop")

    def __init__(self, exchange, loop):
        self._exchange = exchange
        self._loop = loop

    def __iter__(self):
        return self

    def __next__(self):
        piece = self._exchange.read_piece()
        if not piece:
            raise StopIteration
        return piece

    def __aiter__(self):
        return self

    async def __anext__(self):
        piece = await self._exchange.read_piece_async(self._loop)
        if not piece:
            raise StopAsyncIteration
        return piece


class Request:
    __slots__ = ("_body", "_exchange", "_headers", "_loop", "_query", "_split", "_streamed", "method", "url")

    def __init__(self, exchange, loop):
        self._exchange = exchange
        self._loop = loop
        self.method = exchange.method
        self.url = exchange.url
        self._body = self._headers = self._query = self._split = None
        self._streamed = False

    @property
    def headers(self):
        if self._headers is None:
            self._headers = Headers(self._exchange.header_text)
        return self._headers

    @property
    def path(self):
        return unquote(self._parts.path)

    @property
    def query(self):
        if self._query is None:
            self._query = Query(self._parts.query)
        return self._query

    @property
    def _parts(self):
        if self._split is None:
            self._split = urlsplit(self.url)
        return self._split

    @property
    def body(self):
        """All of it."""
        if self._body is None:
            if self._streamed:
                raise RuntimeError("Cannot read the body: it is read by stream()")
            self._body = self._exchange.read_all()
        return self._body

    def stream(self):
        """The body in pieces, for one that is too large to hold."""
        if self._body is not None:
            raise RuntimeError("Cannot stream the body: it is read already")
        self._streamed = True
        return Body(self._exchange, self._loop)

    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return decode_json(self.body.decode("utf-8"))

    def __repr__(self):
        return f"<Request {self.method} {self.url}>"
