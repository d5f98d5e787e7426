#!/usr/bin/env python3
"""Checks what librankle.so promises to every process it is loaded into: nothing dynamic but the C library, every wrapper
exported and nothing else, thread-local storage of the static kind, no text relocations.

  check_library.py LIBRARY SYMBOL_LIST
"""
import re
import subprocess
import sys

ALLOWED_LIBRARIES = re.compile(r"^(libc\.so\.6|libm\.so\.6|ld-linux.*|libpthread\.so\.0|libdl\.so\.2)$")
EXTRA_EXPORTS = {"dlsym", "dlvsym", "fork", "abort", "_exit", "_Exit", "quick_exit", "__cxa_throw", "rankleMarkStep", "rankleMarkReplica",
                 "InitializeInjectionNvtx2"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    library, list_path = sys.argv[1:]
    problems = []
    dynamic = run("readelf", "-dW", library)
    for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not ALLOWED_LIBRARIES.match(needed):
            problems.append(f"needs {needed}")
    if "TEXTREL" in dynamic:
        problems.append("has text relocations")
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()}
    with open(list_path) as file:
        wanted = set(re.findall(r'^\{"(\w+)"', file.read(), re.M)) | EXTRA_EXPORTS
    problems += [f"does not export {name}" for name in sorted(wanted - exported)]
    problems += [f"exports {name}" for name in sorted(exported - wanted)]
    if problems:
        sys.exit(f"{library}: " + "; ".join(problems))


if __name__ == "__main__":
    main()
