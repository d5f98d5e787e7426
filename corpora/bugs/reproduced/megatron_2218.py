"""NVIDIA/Megatron-LM#2218: gradient buckets are reduced in the order of a set, which differs from rank to rank.

As it was: the same call has another bucket's size on rank 2. The order of a set follows addresses; so that each run is alike, it is
given here: reversed on rank 2. The fix sorts by bucket.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse()
device = job.start(arguments)
rank, world = dist.get_rank(), dist.get_world_size()
buckets = {number: torch.ones(world * size, device=device) for number, size in enumerate((256, 1024, 512))}
ready = list(buckets)
if rank == 2:
    ready.reverse()
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(64, device=device))
    if step < 10:
        continue
    for number in sorted(ready) if FIXED else ready:
        bucket = buckets[number]
        dist.reduce_scatter_tensor(torch.empty(bucket.numel() // world, device=device), bucket)
job.finish()
