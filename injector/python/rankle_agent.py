"""rankle's agent in Python processes: tells librankle.so what only Python knows, and stands ready to say where it stands.

- names and identities of process groups, as the framework gives them (rankleProcessGroupBegins, injector/hooks/c10d.h)
- training steps: after each step of the first optimizer (rankleMarkFrameworkStep)
- the stacks of all threads, written by faulthandler when `rankle run` asks with a signal (python_stacks.py)
- faults aimed at Python functions (python_faults.py)
- exceptions that nobody catches (python_exceptions.py)

It costs nothing until the modules of interest are imported, and nothing where librankle.so is not in the process. What
fails here is the agent's loss, never the job's.
"""
import ctypes
import os
import sys

import python_communicators
import rankle_imports

_restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
_uses_of_name = {}
_job = {"group_made": False, "optimizer": None, "step": 0}


def _library():
    """librankle.so as it is in this process, or None."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "rankleProcessGroupBegins") else None


def _shown_name(name, description):
    """What people call the group: its description where the program gave one ("default_pg", "mesh_dp"), else its name."""
    return description if description not in (None, "", "undefined") else f"pg{name}"


def _watch_groups(c10d):
    library = _library()
    if library is None or not hasattr(c10d, "_new_process_group_helper"):
        return
    make = c10d._new_process_group_helper

    def make_group(*arguments, **named):
        # group_size, group_rank, global_ranks_in_group, backend, store, group_name, ...
        name = str(arguments[5] if len(arguments) > 5 else named.get("group_name"))
        _uses_of_name[name] = use = _uses_of_name.get(name, 0) + 1
        _begin_job()
        # The same on every member: names are given in the same order everywhere, and a restart begins anew.
        identity = f"{_restart}/{use}/{name}"
        shown = _shown_name(name, named.get("group_desc")).encode()
        library.rankleProcessGroupBegins(identity.encode(), shown)
        try:
            made = make(*arguments, **named)
        finally:
            library.rankleProcessGroupBegins(None, None)
        python_communicators.name(library, made[0], shown)
        return made

    make_group.__wrapped__ = make
    c10d._new_process_group_helper = make_group
    if hasattr(c10d, "split_group"):
        c10d.split_group = _named_split(library, c10d.split_group)


def _named_split(library, split):
    """split_group makes its groups in C++: how meshes get theirs."""

    def split_group(*arguments, **named):
        group = split(*arguments, **named)
        if group is not None:
            python_communicators.name(library, group, _shown_name(group.group_name, group.group_desc).encode())
        return group

    split_group.__wrapped__ = split
    return split_group


def _begin_job():
    """The first process group: this process is a rank."""
    if _job["group_made"]:
        return
    _job["group_made"] = True
    import python_exceptions
    import python_stacks

    python_stacks.stand_ready()
    python_exceptions.watch(_library())


def _watch_steps(optimizers):
    library = _library()
    if library is None or os.environ.get("RANKLE_STEPS") == "0":
        return
    mark = library.rankleMarkFrameworkStep
    mark.argtypes, mark.restype = [ctypes.c_int64], None

    def after_step(optimizer, _arguments, _named):
        if not _job["group_made"]:
            return  # no rank of a distributed job: it leaves no record
        if _job["optimizer"] is None:
            _job["optimizer"] = id(optimizer)
        if _job["optimizer"] == id(optimizer):  # of several (GANs), one sets the pace
            _job["step"] += 1
            mark(_job["step"])

    optimizers.register_optimizer_step_post_hook(after_step)


def start():
    if not os.environ.get("RANKLE_OUT"):
        return
    watched = {"torch.distributed.distributed_c10d": _watch_groups, "torch.optim.optimizer": _watch_steps}
    rankle_imports.call_after(watched)
    if os.environ.get("RANKLE_PYTHON_TARGETS"):
        import python_faults

        python_faults.aim(os.environ["RANKLE_PYTHON_TARGETS"].split(";"))
