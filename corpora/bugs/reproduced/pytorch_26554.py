"""pytorch/pytorch#26554: the store's client connects without any time-out.

As it was: the port that rank 1 is told is not the master's, nobody answers there, and rank 1 tries for ever (here: with a time-out of
a day), so that the communicator is never made. With the fix the time-out given is the connection's; here the right port is tried then.
"""
import os
from datetime import timedelta

import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse()
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])


def store(port, timeout):
    return dist.TCPStore(host, port, world, is_master=rank == 0, timeout=timeout, wait_for_workers=False)


try:
    wrong = rank == 1
    rendezvous = store(9 if wrong else port, timedelta(seconds=2) if FIXED and wrong else timedelta(days=1))
except dist.DistNetworkError:
    rendezvous = store(port, timedelta(days=1))
torch.cuda.set_device(rank)
device = torch.device("cuda", rank)
dist.init_process_group("nccl", store=rendezvous, rank=rank, world_size=world, device_id=device)
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
job.finish()
