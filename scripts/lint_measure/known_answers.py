"""What is known of public code: which findings must be there, which lines must be silent, and which findings are arguable.

Rows name code by its text, not by its line, so that they survive edits upstream. Every verdict was made by reading the code under the
documentation. Nothing of the repositories is shipped: the user has them checked out.
"""

import fnmatch
import os
import re
from typing import NamedTuple

MUST, SILENT, ARGUABLE = "must", "silent", "arguable"


class Answer(NamedTuple):
    verdict: str  # MUST: a finding has to be there. SILENT: none may. ARGUABLE: true, but nobody's reason to look here
    check: str  # a glob: "nccl-*" for any check
    path: str  # relative to the checkout; a glob
    text: str  # the code of the line, compared without blanks; "" for every line of the file
    why: str


class Repository(NamedTuple):
    name: str  # of the folder, as the repository is called
    commit: str  # where the verdicts were made
    units: tuple  # globs of the files to check, relative to the checkout; each is a program of its own
    documents: tuple  # pages of reStructuredText whose complete programs (with a main) are checked, too
    flags: tuple  # "{root}" stands for the checkout
    answers: tuple  # of Answer; the first that fits a line counts


class Comparison(NamedTuple):
    found: list  # (Answer, path, line)
    missed: list  # (Answer, path, line)
    extra: list  # (check, path, line, reason)
    arguable: list  # (check, path, line, why)
    gone: list  # Answers whose text is nowhere: upstream has changed


def squeezed(text):
    return re.sub(r"\s+", "", text)


def lines_with(text, lines):
    """Numbers (from 1) of the lines that contain `text`, blanks apart."""
    wanted = squeezed(text)
    return [number for number, line in enumerate(lines, start=1) if wanted in squeezed(line)]


def compare(answers, sources, findings):
    """`sources` maps relative paths to lists of lines; `findings` are (check, relative path, line)."""
    result = Comparison([], [], [], [], [])
    places = {}  # Answer -> set of (path, line); None stands for every line of a path
    for answer in answers:
        paths = [p for p in sources if fnmatch.fnmatch(p, answer.path)]
        if answer.text:
            places[answer] = {(p, line) for p in paths for line in lines_with(answer.text, sources[p])}
        else:
            places[answer] = {(p, None) for p in paths}
        if not places[answer]:
            result.gone.append(answer)

    def fits(answer, check, path, line):
        if not fnmatch.fnmatch(check, answer.check):
            return False
        return (path, line) in places[answer] or (path, None) in places[answer]

    for answer in answers:
        if answer.verdict == MUST:
            for path, line in sorted(places[answer]):
                hit = any(fits(answer, check, p, at) for check, p, at in findings if (p, at) == (path, line))
                (result.found if hit else result.missed).append((answer, path, line))
    for check, path, line in sorted(findings, key=lambda f: (f[1], f[2], f[0])):
        answer = next((a for a in answers if fits(a, check, path, line)), None)
        if answer is None:
            result.extra.append((check, path, line, "not known: a false alarm, or new"))
        elif answer.verdict == SILENT:
            result.extra.append((check, path, line, f"must be silent: {answer.why}"))
        elif answer.verdict == ARGUABLE:
            result.arguable.append((check, path, line, answer.why))
    return result


def units_of(root, globs):
    """Files below `root` that fit a glob (** for any depth), relative, sorted."""
    found = set()
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), root)
            if any(fnmatch.fnmatch(path, g) for g in globs):
                found.add(path)
    return sorted(found)


def programs_of_document(text):
    """[(number of the first line, code)] of the C blocks that are complete programs. Lines keep their numbers: `code` is
    preceded by as many empty lines as the block has above it."""
    lines, result, start = text.split("\n"), [], None
    for number, line in enumerate(lines + ["."], start=1):
        if start is not None and line and not line.startswith((" ", "\t")):
            block = lines[start - 1 : number - 1]
            if any(re.search(r"\bmain\s*\(", code) for code in block):
                result.append((start, "\n" * (start - 1) + "\n".join(block) + "\n"))
            start = None
        if re.match(r"\.\. code:: *C(\+\+)?\s*$", line):
            start = number + 1
    return result


_DROPPED = "a result is dropped, at a place where it hardly matters"
_NO_WAIT = "nothing is enqueued in that group: no wait for it"
_ONE_GUARD = "start and end under one guard"
_ERROR_EXIT = "true: NCCLCHECK returns with the group open; but every caller then ends the program"
_ASKED = "the next statement asks cudaGetLastError, which tells the same error"
_ELEMENTS = "the count is in elements: the buffer holds one float (NCCL api/colls.rst)"

REPOSITORIES = (
    Repository(
        name="llm.c",
        commit="f1e2ace",
        units=("train_gpt2.cu",),
        documents=(),
        flags=("-std=c++17", "-DMULTI_GPU"),
        answers=(
            Answer(MUST, "nccl-count-in-bytes", "llmc/zero.cuh", "config->unified_buffer, sizeof(float), ncclFloat", _ELEMENTS),
            Answer(MUST, "nccl-count-in-bytes", "llmc/zero.cuh", "(unified_buffer, unified_buffer, sizeof(float), ncclFloat", _ELEMENTS),
            Answer(MUST, "nccl-count-in-bytes", "train_gpt2.cu", "model->accumulated_mean_loss, sizeof(float), ncclFloat", _ELEMENTS),
            Answer(MUST, "nccl-count-in-bytes", "train_gpt2.cu", "grad_norm_squared, sizeof(float), ncclFloat", _ELEMENTS),
            Answer(ARGUABLE, "nccl-unchecked-result", "train_gpt2.cu", "cudaProfilerStop();", _DROPPED),
        ),
    ),
    Repository(
        name="FasterTransformer",
        commit="df4a753",
        units=("src/fastertransformer/utils/nccl_utils.cc",),
        documents=(),
        flags=("-std=c++17", "-I{root}", "-DBUILD_MULTI_GPU"),
        answers=(
            Answer(
                MUST,
                "nccl-unchecked-result",
                "src/fastertransformer/utils/nccl_utils.cc",
                "ncclCommDestroy(param.nccl_comm_);",
                "the result is dropped (NCCL usage/communicators.rst, Error handling)",
            ),
            Answer(SILENT, "nccl-unchecked-result", "src/fastertransformer/utils/cuda_utils.h", "cudaDeviceSynchronize();", _ASKED),
        ),
    ),
    Repository(
        name="nccl-tests",
        commit="a0b82b2",
        units=("src/*.cu",),
        documents=(),
        flags=("-std=c++17", "-I{root}", "-I{root}/src", "-I{root}/os", "-I{root}/verifiable"),
        answers=(
            Answer(SILENT, "nccl-group-unbalanced", "src/common.cu", "if (args->nGpus > 1) NCCLCHECK(ncclGroup", _ONE_GUARD),
            Answer(SILENT, "nccl-group-unbalanced", "src/common.cu", "if (agg_iters>1) NCCLCHECK(ncclGroup", _ONE_GUARD),
            Answer(SILENT, "nccl-blocking-call-in-group", "src/common.cu", "TESTCHECK(AllocateBuffs(", _NO_WAIT),
            Answer(ARGUABLE, "nccl-group-unbalanced", "src/*.cu", "NCCLCHECK(ncclGroupStart());", _ERROR_EXIT),
            Answer(ARGUABLE, "nccl-unchecked-result", "src/common.cu", "cudaFreeHost(wrongPerGpu);", _DROPPED),
            Answer(
                ARGUABLE,
                "nccl-unchecked-result",
                "src/common.cu",
                "cudaMemGetInfo(&freeGpuMem, &totalGpuMem);",
                "true: after a failure the free memory is an uninitialised number",
            ),
            Answer(ARGUABLE, "nccl-unchecked-result", "src/common.cu", "ncclGetVersion(&test_ncclVersion);", _DROPPED),
            Answer(ARGUABLE, "nccl-unchecked-result", "src/common.cu", "cudaDeviceReset();", _DROPPED),
        ),
    ),
    Repository(
        name="nccl",
        commit="5067397c",
        units=("docs/examples/*/c/main.cc", "docs/examples/*/c/main.cu", "docs/examples/common/src/*.cc"),
        documents=("docs/userguide/source/examples.rst",),
        flags=("-std=c++17", "-I{root}/docs/examples/common/include"),
        answers=(
            Answer(
                ARGUABLE,
                "nccl-unchecked-result",
                "docs/userguide/source/examples.rst",
                "",
                "true: the page leaves error checking out for clarity, and says so",
            ),
        ),
    ),
    Repository(
        name="multi-gpu-programming-models",
        commit="9a600f5",
        units=("nccl/jacobi.cpp", "nccl_overlap/jacobi.cpp", "nccl_graphs/jacobi.cpp"),
        documents=(),
        flags=("-std=c++17",),
        answers=(),
    ),
)
