"""Data parallel: DistributedDataParallel with several buckets, gradient accumulation with --accumulate K."""
import contextlib

import torch
from torch.nn.parallel import DistributedDataParallel

import job

arguments = job.parse(accumulate=1, width=128)
device = job.start(arguments)
layers = [torch.nn.Linear(arguments.width, arguments.width) for _ in range(4)]
model = DistributedDataParallel(torch.nn.Sequential(*layers).to(device), device_ids=[device], bucket_cap_mb=0.1)
optimizer = torch.optim.AdamW(model.parameters())
for step in job.steps(arguments):
    last = (step + 1) % arguments.accumulate == 0
    with contextlib.nullcontext() if last else model.no_sync():
        model(torch.randn(8, arguments.width, device=device)).sum().backward()
    if last:
        optimizer.step()
        optimizer.zero_grad()
job.finish()
