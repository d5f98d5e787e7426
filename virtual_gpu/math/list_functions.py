#!/usr/bin/env python3
"""Rewrites functions/*.txt: what each math stand-in exports, and what the functions do that need no code of their own.

  list_functions.py [--libraries DIR]... [--torch SITE_PACKAGES/torch] [--include DIR]

The names, taken together: what the real libraries found in DIR export, what torch's libraries reference (dlopen with
RTLD_NOW fails for one missing symbol, used or not), and what the file lists already; so nothing gets lost on a machine
where a library is missing. Behind a name stand its number of parameters (without floating-point ones passed by value: they
travel in other registers) and its actions, which virtual_gpu/math/action.h explains. They follow from the parameter names in
the toolkit's headers; a function without them answers "not supported". What has code of its own ignores its line.
"""

import argparse
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
# File of functions/, file of the real library, names that are part of its interface, headers, the handle's type.
LIBRARIES = [
    ("cublas", "libcublas.so.13", r"cublas(?!Lt)\w+", ["cublas_v2.h"], "cublasHandle_t"),
    ("cublasLt", "libcublasLt.so.13", r"cublasLt\w+", ["cublasLt.h"], None),
    ("cudnn", "libcudnn.so.9", r"cudnn\w+", ["cudnn.h"], "cudnnHandle_t"),
    ("cufft", "libcufft.so.12", r"cufft\w+", ["cufftXt.h"], None),
    ("cufftw", "libcufftw.so.12", r"fftwf?_\w+", [], None),
    ("cufile", "libcufile.so.0", r"cuFile\w+", [], None),
    ("curand", "libcurand.so.10", r"curand\w+", ["curand.h"], "curandGenerator_t"),
    ("cusolver", "libcusolver.so.12", r"cusolver\w+", ["cusolverDn.h", "cusolverSp.h", "cusolverRf.h"], "cusolverDnHandle_t"),
    ("cusparse", "libcusparse.so.12", r"cusparse(?!Lt)\w+", ["cusparse.h"], "cusparseHandle_t"),
    ("cusparseLt", "libcusparseLt.so.0", r"cusparseLt\w+", [], None),
    ("nvJitLink", "libnvJitLink.so.13", r"(__)?nvJitLink\w+", [], None),
    ("nvrtc", "libnvrtc.so.13", r"nvrtc\w+", [], None),
    ("nvshmem_host", "libnvshmem_host.so.3", r"nvshmem\w+", [], None),
]
COUNTS = {"m", "n", "k", "nrhs", "nnz", "nnzb", "mb", "nb", "batchSize", "batchCount", "rows", "cols", "lda", "ldb", "ldc"}
# Where the parameter names say too little.
EXTRA = {
    "cusolverGetVersion": "value(0,12000)",  # of CUDA 13.0
    "curandGetVersion": "value(0,10400)",
    "cusolverDnGetStream": "stream_of(1)",
    "cusparseGetStream": "stream_of(1)",
    "cudnnRestoreDropoutDescriptor": "accept()",
    "cusparseXbsrsm2_zeroPivot": "handle() value(2,-1)",
    "cusparseXbsrsv2_zeroPivot": "handle() value(2,-1)",
    "cusparseXcsrsm2_zeroPivot": "handle() value(2,-1)",
    "cusparseSpMatGetSize": "value64(1,0) value64(2,0) value64(3,0)",  # a product without entries
    "cusparseXcsrgeam2Nnz": "handle() count(1) count(2) launch() value(12,0)",
}


def dynamic_symbols(library, kind):
    text = subprocess.run(["nm", "-D", f"--{kind}-only", library], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 2 and fields[-2] in "TWU":
            yield fields[-1].split("@")[0]


def declarations(include, header):
    """{name: parameters} of the header's functions."""
    text = subprocess.run(["gcc", "-E", "-P", "-xc", "-I", include, "-include", "cuda_runtime_api.h", f"{include}/{header}"],
                          check=True, capture_output=True, text=True).stdout
    found = {}
    for match in re.finditer(r"\b(cu[a-z]+[A-Z]\w+)\s*\(([^()]*)\)\s*(?:__attribute__\s*\(\([^;]*)?;", text):
        parameters = [" ".join(part.split()) for part in match[2].split(",")]
        found[match[1]] = [part for part in parameters if part not in ("", "void")]
    return found


def split(parameter):
    match = re.match(r"(.*?)(\w+)((?:\[[^]]*\])*)$", parameter)
    kind = re.sub(r"\bconst\b|\s", "", match[1]) + "*" * match[3].count("[")
    return kind, match[2]


def size_actions(name, parameters):
    """Workspace sizes that the function writes."""
    for index, (kind, parameter) in enumerate(parameters):
        if kind == "int*" and re.fullmatch(r"[lL]work|pBufferSize(InBytes)?", parameter):
            yield f"elements({index})"
        known = re.fullmatch(r"lwork_bytes|workspaceInBytesOn\w+|p?[bB]ufferSize(InBytes)?\d?", parameter)
        if kind == "size_t*" and (known or re.search(r"^cudnn.*(Workspace|Space|States)Sizes?(_v8)?$", name)):
            yield f"bytes({index})"


def info_actions(name, parameters, handle_type):
    """Where "it worked" is written: in device memory, once for each matrix of a batch; some of cuBLAS's on the host."""
    at = {parameter: index for index, (_, parameter) in enumerate(parameters)}
    batch = next((at[key] for key in ("batchSize", "batchCount") if key in at), None)
    on_device = {"devInfo", "d_info", "devInfoArray", "infoArray"}
    if handle_type != "cublasHandle_t" or re.search(r"getrfBatched|getriBatched|matinvBatched", name):
        on_device.add("info")
    for index, (kind, parameter) in enumerate(parameters):
        if kind not in ("int*", "cusolver_int_t*"):
            continue
        if parameter in on_device:
            yield f"info({index})" if batch is None else f"info({index},{batch})"
        elif parameter == "info":
            yield f"value({index},0)"


def handle_actions(name, parameters, handle_type):
    """What a function does that takes the library's handle; None when it writes something unknown."""
    if re.search(r"SetStream(_v2)?$", name):
        return ["stream(1)"]
    sizes = list(size_actions(name, parameters))
    if not sizes and re.match(r"cu[a-z]+(Dn)?Get", name):
        return None
    done = ["handle()"]
    for index, (kind, parameter) in enumerate(parameters):
        if parameter in COUNTS and kind in ("int", "int64_t", "cusolver_int_t"):
            done.append(f"count{'64' if kind == 'int64_t' else ''}({index})")
    done += sizes
    computes = not re.match(r"cu[a-z]+(Dn)?(Set|Get|Logger)", name)
    if computes and (not sizes or name.startswith("cusparseSpGEMM_")):
        done.append("launch()")
    return done + list(info_actions(name, parameters, handle_type))


def actions(name, declared, handle_type):
    """(number of parameters, actions), None when they are unknown."""
    parameters = [split(parameter) for parameter in declared]
    if any(kind in ("cuComplex", "cuDoubleComplex") for kind, _ in parameters):
        return None  # by value: in registers of another class
    parameters = [(kind, parameter) for kind, parameter in parameters if kind not in ("float", "double")]
    done = None
    if name in EXTRA:
        done = [EXTRA[name]]
    elif not parameters:
        return None
    elif name.endswith("_createDescr"):
        done = ["create(0)"]
    elif re.match(r"[a-z]+(Dn)?Create", name) and re.fullmatch(r"\w+_t\*|\w+Descr\*", parameters[0][0]):
        done = ["create(0)"]
    elif "Destroy" in name and len(parameters) == 1 or name.endswith("_destroyDescr"):
        done = ["destroy(0)"]
    elif parameters[0][0] == handle_type:
        done = handle_actions(name, parameters, handle_type)
    elif re.match(r"cu[a-z]+(Dn)?\w*Set[A-Z]", name) and not re.search(r"Vector|Matrix", name):
        done = ["accept()"]
    return (len(parameters), " ".join(done)) if done else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--libraries", action="append", default=[], help="folder with real libraries; may be repeated")
    parser.add_argument("--torch", help="folder of an installed torch")
    parser.add_argument("--include", default="/usr/local/cuda/include", help="folder of the toolkit's headers")
    options = parser.parse_args()
    referenced = set()
    for library in pathlib.Path(options.torch, "lib").glob("*.so") if options.torch else []:
        referenced |= set(dynamic_symbols(library, "undefined"))
    for name, soname, pattern, headers, handle_type in LIBRARIES:
        target = HERE / "functions" / f"{name}.txt"
        lines = {}
        for line in target.read_text().splitlines() if target.exists() else []:
            lines[line.split()[0]] = line
        found = {symbol for symbol in referenced if re.fullmatch(pattern, symbol)}
        for folder in options.libraries:
            library = pathlib.Path(folder, soname)
            if library.exists():
                found |= {symbol for symbol in dynamic_symbols(library, "defined") if re.fullmatch(pattern, symbol)}
        for symbol in found:
            lines.setdefault(symbol, symbol)
        for header in headers:
            if handle_type and pathlib.Path(options.include, header).exists():
                for symbol, declared in declarations(options.include, header).items():
                    done = actions(symbol, declared, handle_type) if symbol in lines else None
                    if done:
                        lines[symbol] = f"{symbol} {done[0]} {done[1]}"
        target.write_text("".join(f"{lines[symbol]}\n" for symbol in sorted(lines)))


if __name__ == "__main__":
    main()
