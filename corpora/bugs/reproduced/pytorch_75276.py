"""pytorch/pytorch#75276: functional collectives reject gradients that are not contiguous.

As it was: the gradient of a sum is one number expanded to a tensor; reduced in the backward of an all-reduce it raises "Tensors must be
contiguous" on every rank. The fix makes it contiguous.
"""
import torch
import torch.distributed as dist

from common import FIXED, job


class AllReduce(torch.autograd.Function):
    @staticmethod
    def forward(context, tensor):
        dist.all_reduce(result := tensor.clone())
        return result

    @staticmethod
    def backward(context, gradient):
        if FIXED:
            gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        return gradient


arguments = job.parse()
device = job.start(arguments)
weight = torch.nn.Parameter(torch.ones(1024, device=device))
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(64, device=device))
    if step >= 10:
        AllReduce.apply(weight * 2).sum().backward()
job.finish()
