#!/usr/bin/env python3
"""Rewrites symbols/*.txt: what each math stand-in must export, one name a line.

  list_symbols.py [--libraries DIR]... [--torch SITE_PACKAGES/torch]

Taken together: the functions that the real libraries found in DIR export, what torch's libraries reference (dlopen with
RTLD_NOW fails for one missing symbol, used or not), and what the file lists already. So nothing gets lost on a machine
where a library is missing, and the result does not depend on the order of runs.
"""

import argparse
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
# File of symbols/, file of the real library, names that are part of its interface.
LIBRARIES = [
    ("cublas", "libcublas.so.13", r"cublas\w+"),
    ("cublasLt", "libcublasLt.so.13", r"cublasLt\w+"),
    ("cudnn", "libcudnn.so.9", r"cudnn\w+"),
    ("cufft", "libcufft.so.12", r"cufft\w+"),
    ("cufftw", "libcufftw.so.12", r"fftwf?_\w+"),
    ("cufile", "libcufile.so.0", r"cuFile\w+"),
    ("curand", "libcurand.so.10", r"curand\w+"),
    ("cusolver", "libcusolver.so.12", r"cusolver\w+"),
    ("cusparse", "libcusparse.so.12", r"cusparse(?!Lt)\w+"),
    ("cusparseLt", "libcusparseLt.so.0", r"cusparseLt\w+"),
    ("nvJitLink", "libnvJitLink.so.13", r"(__)?nvJitLink\w+"),
    ("nvrtc", "libnvrtc.so.13", r"nvrtc\w+"),
    ("nvshmem_host", "libnvshmem_host.so.3", r"nvshmem\w+"),
]


def dynamic_symbols(library, kind):
    text = subprocess.run(["nm", "-D", f"--{kind}-only", library], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 2 and fields[-2] in "TWU":
            yield fields[-1].split("@")[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--libraries", action="append", default=[], help="folder with real libraries; may be repeated")
    parser.add_argument("--torch", help="folder of an installed torch")
    options = parser.parse_args()
    referenced = set()
    for library in pathlib.Path(options.torch, "lib").glob("*.so") if options.torch else []:
        referenced |= set(dynamic_symbols(library, "undefined"))
    for name, soname, pattern in LIBRARIES:
        target = HERE / "symbols" / f"{name}.txt"
        names = {symbol for symbol in referenced if re.fullmatch(pattern, symbol)}
        if name == "cublas":  # its pattern matches cublasLt's names as well
            names = {symbol for symbol in names if not symbol.startswith("cublasLt")}
        if target.exists():
            names |= set(target.read_text().split())
        for folder in options.libraries:
            library = pathlib.Path(folder, soname)
            if library.exists():
                names |= {symbol for symbol in dynamic_symbols(library, "defined") if re.fullmatch(pattern, symbol)}
        target.write_text("".join(f"{symbol}\n" for symbol in sorted(names)))


if __name__ == "__main__":
    main()
