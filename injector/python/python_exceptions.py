"""Exceptions that end a rank, told to librankle.so as they happen: a log has them, too, but not on the job's clock."""
import os
import sys

_LONGEST = 400  # characters of a message: some hold whole tensors
_LIBRARY_PARTS = ("/site-packages/", "/dist-packages/", "/lib/python3", "/rankle-python/", "/vgpu/python/", "<frozen")


def watch(library):
    if not hasattr(library, "ranklePythonException"):
        return
    following = sys.excepthook

    def hook(kind, value, trace):
        try:
            library.ranklePythonException(_told(kind, value, trace).encode(errors="replace"))
        finally:
            following(kind, value, trace)

    sys.excepthook = hook


def _told(kind, value, trace):
    """Type, first line of the message, and the innermost line that is the program's own."""
    message = (str(value).splitlines() or [""])[0][:_LONGEST]
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if not any(part in code.co_filename for part in _LIBRARY_PARTS):
            place = f" ({os.path.basename(code.co_filename)}:{trace.tb_lineno} in {code.co_name})"
        trace = trace.tb_next
    return f"{kind.__name__}: {message}{place}"
