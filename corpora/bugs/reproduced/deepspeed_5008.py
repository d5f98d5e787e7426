"""deepspeedai/DeepSpeed#5008: gradients of an expert are reduced only where its backward hook fired.

As it was: in step 12 no token of rank 2 goes to the second expert, so rank 2 leaves out that expert's reduce-scatter and is the only one
to go on to the next collective. The fix reduces all parameters of the leaf module when it is left, zeros for unused ones.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse(width=64)
device = job.start(arguments)
rank, world = dist.get_rank(), dist.get_world_size()
gate = torch.nn.Linear(arguments.width, arguments.width).to(device)
experts = torch.nn.ModuleList([torch.nn.Linear(arguments.width, arguments.width, bias=False) for _ in range(2)]).to(device)


def reduce(parameter):
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    part = torch.empty(parameter.numel() // world, device=device)
    dist.reduce_scatter_tensor(part, parameter.grad.flatten())
    parameter.grad = None


if not FIXED:
    for expert in experts:
        expert.weight.register_post_accumulate_grad_hook(reduce)
for step in job.steps(arguments):
    unused = rank == 2 and step == 12
    hidden = gate(torch.randn(8, arguments.width, device=device))
    output = experts[0](hidden) if unused else experts[0](hidden) + experts[1](hidden)
    output.sum().backward()
    if FIXED:
        for expert in experts:
            reduce(expert.weight)
    dist.all_reduce(gate.weight.grad)
job.finish()
