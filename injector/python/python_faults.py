"""Faults aimed at functions of Python: the agent puts itself in front of each named function and asks librankle.so, which
knows the plan, before every call (rankleCallPython, injector/hooks/marks.cc). There the call is delayed, hangs, ends the
process, takes the interpreter's lock, or raises: what is raised comes out of the function as its own exception would.

Functions are named "module:qualname" and found when their module has been imported. Those of `__main__`, and names that
others copied before (`from module import name`), are not reached.
"""
import ctypes
import functools
import sys

import rankle_imports


def _put_in_front(target, module, ask):
    owner = module
    *path, name = target.partition(":")[2].split(".")
    for part in path:
        owner = getattr(owner, part)
    function = getattr(owner, name)
    encoded = target.encode()

    @functools.wraps(function)
    def asked_first(*arguments, **named):
        ask(encoded)
        return function(*arguments, **named)

    setattr(owner, name, asked_first)


def aim(targets):
    # PyDLL: called with the interpreter's lock, and an exception that was set inside is raised.
    library = ctypes.PyDLL(None)
    if not hasattr(library, "rankleCallPython"):
        return
    ask = library.rankleCallPython
    ask.argtypes, ask.restype = [ctypes.c_char_p], None
    for target in dict.fromkeys(targets):
        module = target.partition(":")[0]
        try:
            rankle_imports.call_after({module: lambda found, target=target: _put_in_front(target, found, ask)})
        except AttributeError as error:
            print(f"rankle: no fault can be aimed at {target}: {error}", file=sys.stderr)
