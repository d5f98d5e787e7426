"""Fully sharded data parallel (FSDP2: fully_shard): all-gathers of parameters, reduce-scatters of gradients."""
import torch
from torch.distributed.fsdp import fully_shard

import job

arguments = job.parse(width=128)
device = job.start(arguments)
model = torch.nn.Sequential(*[torch.nn.Linear(arguments.width, arguments.width) for _ in range(4)]).to(device)
for layer in model:
    fully_shard(layer)
fully_shard(model)
optimizer = torch.optim.AdamW(model.parameters())
for step in job.steps(arguments):
    model(torch.randn(8, arguments.width, device=device)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
job.finish()
