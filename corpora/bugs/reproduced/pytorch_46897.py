"""pytorch/pytorch#46897: object collectives take the rank for the device's number.

As it was: each process sees one GPU (CUDA_VISIBLE_DEVICES), number 0, and the tensors of an object collective go to the device of the
rank's number: invalid on ranks 1 to 3. The fix takes the current device.
"""
import os

os.environ["CUDA_VISIBLE_DEVICES"] = os.environ["RANK"]  # before CUDA starts
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse()
device = job.start(arguments)
rank = dist.get_rank()
gradient = torch.zeros(1024, device=device)
for step in job.steps(arguments):
    dist.all_reduce(gradient)
    if step < 10:
        continue
    device_of_objects = torch.device("cuda", torch.cuda.current_device() if FIXED else rank)
    plan = [f"plan of step {step}" if rank == 0 else None]
    dist.broadcast_object_list(plan, src=0, device=device_of_objects)
job.finish()
