"""NVIDIA/Megatron-LM#5067: a statistic that is logged keeps every batch's graph alive.

As it was: a running sum of a tensor with its graph holds the activations of all steps, until a device of 256 MiB
(RANKLE_VGPU_MEMORY) is full. The fix detaches the value and resets it each step.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse(width=1024)
device = job.start(arguments)
model = torch.nn.Sequential(torch.nn.Linear(arguments.width, arguments.width), torch.nn.ReLU()).to(device)
statistic = torch.zeros((), device=device)
for step in job.steps(arguments):
    output = model(torch.randn(2048, arguments.width, device=device))
    value = output.abs().mean()
    statistic = value.detach() if FIXED else statistic + value
    output.sum().backward(retain_graph=not FIXED)
    dist.all_reduce(model[0].weight.grad)
    model.zero_grad()
job.finish()
