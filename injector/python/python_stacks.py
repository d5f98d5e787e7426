"""Where Python stands: `python-<pid>.stacks` in RANKLE_OUT. A first line says whose file it is and which signal asks;
each time it comes, faulthandler appends the stacks of all threads. That is done in C, inside the signal handler: it works
while the interpreter is stuck in a call, and needs no lock. System calls go on afterwards (SA_RESTART).

Read by analyzer/import/python_stacks; asked for by `rankle run` when the job has stalled (cli/launch/stacks.h).
"""
import faulthandler
import json
import os
import signal
import threading

_file = None  # faulthandler writes to its descriptor for as long as the process lives


def stand_ready():
    global _file
    number = signal.SIGRTMIN + 5  # programs rarely use real-time signals; one that does keeps its handler
    if signal.getsignal(number) != signal.SIG_DFL:
        return
    path = os.path.join(os.environ["RANKLE_OUT"], f"python-{os.getpid()}.stacks")
    _file = open(path, "w", encoding="utf-8")
    header = {
        "schema": "rankle.python-stacks/1",
        "pid": os.getpid(),
        "main_thread": f"0x{threading.main_thread().ident:016x}",
        "signal": int(number),
    }
    faulthandler.register(number, file=_file, all_threads=True, chain=False)
    # Said last: whoever reads this may send the signal, which ends a process that does not await it.
    _file.write(json.dumps(header) + "\n")
    _file.flush()
