"""deepspeedai/DeepSpeed#202: the partition's index runs past the end when the parameters do not divide by the ranks.

As it was: six parameters on four ranks are two a rank; the last rank owns none, and takes one. The fix gives it an empty partition of
zeros.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse()
device = job.start(arguments)
rank, world = dist.get_rank(), dist.get_world_size()
parameters = [torch.nn.Parameter(torch.ones(64, device=device)) for _ in range(6)]
each = -(-len(parameters) // world)
dist.all_reduce(torch.ones(1024, device=device))
owned = parameters[rank * each:(rank + 1) * each]
padding = torch.zeros(64, device=device)
for step in job.steps(arguments):
    partition = [owned[i] if i < len(owned) or not FIXED else padding for i in range(each)]
    mine = torch.cat([parameter.detach() for parameter in partition])
    gathered = torch.empty(world * mine.numel(), device=device)
    dist.all_gather_into_tensor(gathered, mine)
job.finish()
