"""deepspeedai/DeepSpeed#7809: the loss of sequence parallelism is gathered over the group and indexed by the global rank.

As it was: the backward of the gather takes the entry of the global rank from a list as long as the group; only ranks outside the first
group raise IndexError. The fix does a weighted all-reduce.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse(sp=2)
device = job.start(arguments)
rank, world = dist.get_rank(), dist.get_world_size()
groups = [dist.new_group(list(range(first, first + arguments.sp))) for first in range(0, world, arguments.sp)]
group = groups[rank // arguments.sp]


class GatheredLoss(torch.autograd.Function):
    @staticmethod
    def forward(context, loss):
        if FIXED:
            dist.all_reduce(total := loss.clone(), group=group)
            return total
        losses = [torch.empty_like(loss) for _ in range(arguments.sp)]
        dist.all_gather(losses, loss, group=group)
        return torch.stack(losses)

    @staticmethod
    def backward(context, gradient):
        if FIXED:
            return gradient / arguments.sp
        return gradient[rank]


model = torch.nn.Linear(64, 1).to(device)
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
    if step >= 10:
        GatheredLoss.apply(model(torch.randn(8, 64, device=device)).sum()).sum().backward()
job.finish()
