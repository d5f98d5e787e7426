"""Tensor parallel x data parallel: DTensor over a two-dimensional mesh whose groups are named dp and tp."""
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

import job

arguments = job.parse(width=64, tp=2)
device = job.start(arguments)
mesh = init_device_mesh("cuda", (dist.get_world_size() // arguments.tp, arguments.tp), mesh_dim_names=("dp", "tp"))
width = arguments.width
model = torch.nn.Sequential(torch.nn.Linear(width, 4 * width), torch.nn.ReLU(), torch.nn.Linear(4 * width, width)).to(device)
parallelize_module(model, mesh["tp"], {"0": ColwiseParallel(), "2": RowwiseParallel()})
fully_shard(model, mesh=mesh["dp"])
optimizer = torch.optim.AdamW(model.parameters())
for step in job.steps(arguments):
    model(torch.randn(8, width, device=device)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
job.finish()
