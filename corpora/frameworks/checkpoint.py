"""Distributed checkpoint: sharded state saved every --every steps and read back at the end."""
import tempfile

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as checkpoint
from torch.distributed.fsdp import fully_shard

import job

arguments = job.parse(every=10, width=64)
device = job.start(arguments)
model = torch.nn.Sequential(*[torch.nn.Linear(arguments.width, arguments.width) for _ in range(2)]).to(device)
fully_shard(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
folder = [tempfile.mkdtemp(prefix="checkpoint-") if dist.get_rank() == 0 else None]
dist.broadcast_object_list(folder, src=0, device=device)
for step in job.steps(arguments):
    model(torch.randn(8, arguments.width, device=device)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    if (step + 1) % arguments.every == 0:
        checkpoint.save({"model": model.state_dict()}, checkpoint_id=f"{folder[0]}/{step}")
state = {"model": model.state_dict()}
checkpoint.load(state, checkpoint_id=f"{folder[0]}/{arguments.steps - arguments.steps % arguments.every - 1}")
job.finish()
