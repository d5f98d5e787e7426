"""Asynchronous collectives, each waited for on another stream than the one that computes."""
import torch
import torch.distributed as dist

import job

arguments = job.parse(size=65536)
device = job.start(arguments)
side = torch.cuda.Stream()
buffers = [torch.ones(arguments.size, device=device) for _ in range(3)]
shards = torch.empty(dist.get_world_size() * arguments.size, device=device)
for step in job.steps(arguments):
    for buffer in buffers:
        buffer.mul_(0.5)
    works = [dist.all_reduce(buffer, async_op=True) for buffer in buffers]
    with torch.cuda.stream(side):
        for work in works:
            work.wait()
        gather = dist.all_gather_into_tensor(shards, buffers[0], async_op=True)
    gather.wait()
job.finish()
