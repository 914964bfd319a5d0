"""What an exception of a function's is, as it goes into the log: its message, and the function's own lines."""

import os

from .exchange import Canceled
from .frames import EXIT_BAD_RESPONSE, EXIT_BODY_ERROR, EXIT_EXCEPTION, EXIT_MEMORY, EXIT_STATUS
from .handlers import NoHandler
from .patience import OutOfTime
from .response import BadResponse

FRAMES_AT_MOST = 40
CAUSES_AT_MOST = 4
MESSAGE_AT_MOST = 4000

RUNTIME = os.path.dirname(os.path.abspath(__file__))


class Places:
    """Whose file a path is."""

    def __init__(self, function, packages):
        self._roots = (os.path.join(function, ""), os.path.join(packages, ""))

    def own(self, path):
        """Relative to the function's root; None for a file of anybody else's."""
        root = self._roots[0]
        return path[len(root) :] if path.startswith(root) else None

    def shown(self, path):
        for root in self._roots:
            if path.startswith(root):
                return path[len(root) :]
        return None if path.startswith((RUNTIME, "<frozen ")) else path


def message_of(error):
    if isinstance(error, (NoHandler, OutOfTime)):
        return str(error)
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:
        text = "its message cannot be read"
    return f"{name}: {text[:MESSAGE_AT_MOST]}" if text else name


def column_of(code, instruction):
    """1-based; None where this Python does not say."""
    positions = getattr(code, "co_positions", None)
    if positions is None or instruction < 0:
        return None
    for at, (_, _, column, _) in enumerate(positions()):
        if at == instruction // 2:
            return None if column is None else column + 1
    return None


def stack_of(error, places):
    """Innermost first: a line for each frame in a file of the function's, or for all if there is none."""
    frames = []
    if isinstance(error, SyntaxError) and error.filename:
        shown = places.shown(error.filename)
        frames.append((True, f"    at {shown}:{error.lineno or 1}:{max(1, error.offset or 1)}"))
    trace = error.__traceback__
    inner = []
    while trace is not None:
        code = trace.tb_frame.f_code
        shown = places.shown(code.co_filename)
        if shown is not None:
            column = column_of(code, trace.tb_lasti)
            place = f"{shown}:{trace.tb_lineno}" + ("" if column is None else f":{column}")
            inner.append((places.own(code.co_filename) is not None, f"    at {code.co_name} ({place})"))
        trace = trace.tb_next
    frames += reversed(inner)
    own = [line for is_own, line in frames if is_own]
    lines = own or [line for _, line in frames]
    if len(lines) > FRAMES_AT_MOST:
        half = FRAMES_AT_MOST // 2
        lines = lines[:half] + [f"    ... {len(lines) - 2 * half} more"] + lines[-half:]
    return lines


def text_of(error, places):
    """"message\\nstack", with what it was caused by."""
    lines = [message_of(error), *stack_of(error, places)]
    for _ in range(CAUSES_AT_MOST):
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is None:
            break
        lines += [f"Caused by {message_of(error)}", *stack_of(error, places)]
    return "\n".join(lines)


def exit_of(error, started, places):
    """(exit code, text) of what a handler ended with."""
    if isinstance(error, MemoryError):
        return EXIT_MEMORY, "MemoryError"
    if isinstance(error, BadResponse):
        return EXIT_BODY_ERROR if started else EXIT_BAD_RESPONSE, str(error)
    if isinstance(error, SystemExit):
        return EXIT_STATUS, "\n".join([f"SystemExit: {error.code}", *stack_of(error, places)])
    if isinstance(error, Canceled):
        return EXIT_EXCEPTION, "Canceled"
    return EXIT_BODY_ERROR if started else EXIT_EXCEPTION, text_of(error, places)
