"""deepspeedai/DeepSpeed#4496: monitored_barrier calls the plain barrier with arguments that it does not have.

As it was: the call itself raises TypeError on every rank, and no report of a missing rank is produced. The fix calls the right method
of the back end (DeepSpeed as it is installed).
"""
from datetime import timedelta

import deepspeed
import torch
import torch.distributed as dist
from deepspeed.comm.torch import TorchBackend

from common import FIXED, job


def monitored_barrier(self, group=None, timeout=None, wait_all_ranks=False):
    return torch.distributed.barrier(group=group, timeout=timeout, wait_all_ranks=wait_all_ranks)


if not FIXED:
    TorchBackend.monitored_barrier = monitored_barrier
arguments = job.parse()
device = job.start(arguments)
deepspeed.init_distributed()
on_cpu = dist.new_group(backend="gloo")
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
    if step == 10:
        deepspeed.comm.monitored_barrier(group=on_cpu, timeout=timedelta(seconds=60))
job.finish()
