"""deepspeedai/DeepSpeed#7742: the trainer waits for ever for a checkpoint helper process that died.

As it was: each rank has a helper that writes its part of a checkpoint; the one waits for the other's event without a time-out. The
helpers are killed while they write the second (as by the system when memory runs out) and all ranks stand still, with no collective
outstanding. The fix looks after the helper while it waits; here a rank then writes itself.
"""
import multiprocessing
import os
import signal

import torch
import torch.distributed as dist

from common import FIXED, job


def help_saving(wanted, saved):
    wanted.wait()
    wanted.clear()
    saved.set()
    wanted.wait()
    os.kill(os.getpid(), signal.SIGKILL)


context = multiprocessing.get_context("fork")
wanted, saved = context.Event(), context.Event()
helper = context.Process(target=help_saving, args=(wanted, saved), daemon=True)
helper.start()
arguments = job.parse()
device = job.start(arguments)
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
    if step % 10 != 9 or not helper.is_alive():
        continue
    torch.cuda.synchronize()
    saved.clear()
    wanted.set()
    if FIXED:
        while not saved.wait(timeout=1) and helper.is_alive():
            pass
    else:
        saved.wait()
job.finish()
