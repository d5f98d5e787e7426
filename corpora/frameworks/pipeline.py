"""Pipeline parallel: torch.distributed.pipelining, one stage a rank, 1F1B with four micro-batches."""
import torch
import torch.distributed as dist
from torch.distributed.pipelining import PipelineStage, Schedule1F1B

import job

arguments = job.parse(width=64)
device = job.start(arguments)
rank, world = dist.get_rank(), dist.get_world_size()
stage = PipelineStage(torch.nn.Linear(arguments.width, arguments.width).to(device), rank, world, device)
schedule = Schedule1F1B(stage, n_microbatches=4, loss_fn=lambda output, target: (output - target).square().mean())
for step in job.steps(arguments):
    batch = torch.randn(8, arguments.width, device=device)
    if rank == 0:
        schedule.step(batch)
    elif rank == world - 1:
        schedule.step(target=batch)
    else:
        schedule.step()
job.finish()
