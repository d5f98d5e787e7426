"""Names of NCCL communicators: what PyTorch calls the group that one belongs to.

PyTorch gives NCCL no names. The group tells the address of its communicator (`_comm_ptr`), which exists from the beginning
where the program named the device, and else from the group's first collective on. So a thread looks every half second until
all groups have theirs, or are gone; it holds the interpreter's lock for microseconds.
"""
import ctypes
import threading
import weakref

_PERIOD_S = 0.5
_waiting = []  # (weak reference to the group, name)
_lock = threading.Lock()
_thread = None


def name(library, group, shown):
    global _thread
    if not hasattr(library, "rankleNameCommunicator") or not hasattr(group, "_get_backend") or _named(library, group, shown):
        return
    with _lock:
        _waiting.append((weakref.ref(group), shown))
        if _thread is None:
            _thread = threading.Thread(target=_watch, args=(library,), name="rankle names", daemon=True)
            _thread.start()


def _named(library, group, shown):
    """Whether there is nothing left to do: the communicator has its name, or this is no group of NCCL."""
    import torch

    try:
        backend = group._get_backend(torch.device("cuda"))
        address = backend._comm_ptr()
    except (RuntimeError, AttributeError):
        return True
    if address:
        library.rankleNameCommunicator(ctypes.c_void_p(address), shown)
    return bool(address)


def _is_done(library, reference, shown):
    group = reference()
    return group is None or _named(library, group, shown)


def _watch(library):
    global _thread
    pause = threading.Event()
    while True:
        pause.wait(_PERIOD_S)
        # Asked outside of the lock: PyTorch may keep us waiting, and who makes a group must not wait for that.
        done = [entry for entry in list(_waiting) if _is_done(library, *entry)]
        with _lock:
            _waiting[:] = [entry for entry in _waiting if entry not in done]
            if not _waiting:
                _thread = None
                return
