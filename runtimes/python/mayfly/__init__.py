"""What a function may import of its runtime: `from mayfly import Response`."""

from .context import Context
from .request import Request
from .response import Response

__all__ = ["Context", "Request", "Response"]
