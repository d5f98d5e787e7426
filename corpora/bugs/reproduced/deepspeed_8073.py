"""deepspeedai/DeepSpeed#8073: a coalesced all-gather of parameters allocates every output in the first parameter's type.

As it was: fp32 adapters in a bf16 model make the all-gather raise "output tensor must have the same type as input tensor" on every
rank. The fix takes each parameter's own type.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse()
device = job.start(arguments)
world = dist.get_world_size()
shards = [torch.ones(256, dtype=dtype, device=device) for dtype in (torch.bfloat16, torch.bfloat16, torch.float32)]
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
    if step < 10:
        continue
    for shard in shards:
        gathered = torch.empty(world * shard.numel(), dtype=shard.dtype if FIXED else shards[0].dtype, device=device)
        dist.all_gather_into_tensor(gathered, shard)
job.finish()
