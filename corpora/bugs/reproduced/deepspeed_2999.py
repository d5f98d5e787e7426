"""deepspeedai/DeepSpeed#2999: source 0 of a broadcast is a global rank, and not every group contains rank 0.

As it was: with two ranks of tensor parallelism the data parallel groups are (0, 2) and (1, 3); ranks 1 and 3 fail. The fix takes
the group's own first rank.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse(tp=2)
device = job.start(arguments)
groups = [dist.new_group(list(range(first, dist.get_world_size(), arguments.tp))) for first in range(arguments.tp)]
data_parallel = groups[dist.get_rank() % arguments.tp]
dist.all_reduce(torch.ones(1024, device=device))
source = dist.get_global_rank(data_parallel, 0) if FIXED else 0
for step in job.steps(arguments):
    dist.broadcast(torch.ones(1024, device=device), src=source, group=data_parallel)
    dist.all_reduce(torch.ones(1024, device=device))
job.finish()
