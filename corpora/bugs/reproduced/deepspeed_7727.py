"""deepspeedai/DeepSpeed#7727: a wait for asynchronous I/O keeps the interpreter's lock, which the thread that ends it needs.

As it was: the binding waits without releasing the lock (here: a call through ctypes.PyDLL, which keeps it); the worker thread needs the
lock to post what is waited for. Rank 1, which reads its parameters so, stands still; the others wait in the next collective. The fix
releases the lock in the binding (ctypes.CDLL does).
"""
import ctypes
import threading
import time

import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse()
device = job.start(arguments)
binding = ctypes.CDLL(None) if FIXED else ctypes.PyDLL(None)
finished = ctypes.create_string_buffer(64)  # a sem_t
binding.sem_init(finished, 0, 0)


def read():
    time.sleep(0.01)  # the disk; the main thread is in its wait by then
    binding.sem_post(finished)


for step in job.steps(arguments):
    if dist.get_rank() == 1 and step == 15:
        reader = threading.Thread(target=read)
        reader.start()
        binding.sem_wait(finished)
        reader.join()
    dist.all_reduce(torch.ones(1024, device=device))
    torch.cuda.synchronize()
job.finish()
