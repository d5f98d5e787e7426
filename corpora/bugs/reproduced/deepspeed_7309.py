"""deepspeedai/DeepSpeed#7309: the step of an offloaded optimizer copies the parameters to the device in fp32.

As it was: beside 128 MiB of half parameters the step needs 256 MiB for its copy, three times the size in all, and a device of 320 MiB
(RANKLE_VGPU_MEMORY) runs out of memory. The fix casts to 16 bit in a pinned buffer on the host first.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse(elements=64 << 20)
arguments.steps = 6
device = job.start(arguments)
dist.all_reduce(torch.ones(1024, device=device))
parameters = torch.zeros(arguments.elements, dtype=torch.half, device=device)
master = torch.zeros(arguments.elements)
pinned = torch.zeros(arguments.elements, dtype=torch.half, pin_memory=True) if FIXED else None
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
    if FIXED:
        parameters.copy_(pinned.copy_(master))
    else:
        parameters.copy_(master.to(device))
job.finish()
