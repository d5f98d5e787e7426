#!/usr/bin/env python3
"""Checks what librankle.so and librankle-libc.so promise to every process they are loaded into: nothing dynamic but the C
library, every wrapper exported and nothing else, thread-local storage of the static kind, no text relocations.

  check_library.py LIBRARY SYMBOL_LIST...
"""
import os
import re
import subprocess
import sys

ALLOWED_LIBRARIES = re.compile(r"^(libc\.so\.6|libm\.so\.6|ld-linux.*|libpthread\.so\.0|libdl\.so\.2)$")
# librankle.so is not here: the parts of libstdc++ in it have thread-local storage of their own, for what hooks do not use.
STATIC_TLS = {"librankle-libc.so"}
# How a list of wrappers names them: generated_symbols.inc, c10d_calls.inc, calls.inc.
LISTED = re.compile(r'^(?:\{"|RANKLE_CALL\(|RANKLE_C10D\("\w+", )(\w+)', re.M)
# What librankle.so stands in front of in libtorch_cpu.so beside the operations: c10d_exports.cc.
C10D = re.compile(r"_ZN4c10d(16ProcessGroupGloo|4Work14finishAndThrow)")
LEAVERS = {"longjmp", "_longjmp", "siglongjmp", "__longjmp_chk", "exit", "pthread_exit"}  # exports_leaving.cc
EXTRA_EXPORTS = {"librankle.so": LEAVERS | {"dlsym", "dlvsym", "fork", "abort", "_exit", "_Exit", "quick_exit", "__cxa_throw", "rankleMarkStep", "rankleMarkFrameworkStep", "rankleNameCommunicator", "ranklePythonException", "rankleMarkReplica", "rankleProcessGroupBegins", "rankleCallPython",
                 "InitializeInjectionNvtx2"},
                 "librankle-libc.so": LEAVERS | {"dlclose", "__cxa_throw", "__cxa_begin_catch", "rankleSiteOf", "rankleSiteEntered",
                                       "rankleSiteReturned", "rankleSiteInjected"}}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    library, *list_paths = sys.argv[1:]
    name = os.path.basename(library)
    problems = []
    dynamic = run("readelf", "-dW", library)
    for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not ALLOWED_LIBRARIES.match(needed):
            problems.append(f"needs {needed}")
    if "TEXTREL" in dynamic:
        problems.append("has text relocations")
    if name in STATIC_TLS and "__tls_get_addr" in run("nm", "-D", "--undefined-only", library):
        problems.append("has thread-local storage that is allocated on first use")
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()}
    wanted = set(EXTRA_EXPORTS[name])
    for list_path in list_paths:
        with open(list_path) as file:
            wanted |= set(LISTED.findall(file.read()))
    problems += [f"does not export {name}" for name in sorted(wanted - exported)]
    problems += [f"exports {name}" for name in sorted(exported - wanted) if not C10D.match(name)]
    if problems:
        sys.exit(f"{library}: " + "; ".join(problems))


if __name__ == "__main__":
    main()
