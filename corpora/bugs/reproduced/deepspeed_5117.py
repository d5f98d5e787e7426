"""deepspeedai/DeepSpeed#5117: the last batch of an epoch is short, and only the root of the broadcast knows.

As it was: rank 0 broadcasts the indices that are left (4), its peers expect a full batch (16). The fix pads the indices with -1 to the
full size.
"""
import torch
import torch.distributed as dist

from common import FIXED, job

SAMPLES, BATCH = 100, 16
arguments = job.parse()
arguments.steps = 12  # two epochs
device = job.start(arguments)
batches_an_epoch = -(-SAMPLES // BATCH)
for step in job.steps(arguments):
    first = step % batches_an_epoch * BATCH
    if dist.get_rank() == 0:
        indices = torch.arange(first, min(first + BATCH, SAMPLES))
        if FIXED:
            indices = torch.nn.functional.pad(indices, (0, BATCH - indices.numel()), value=-1)
        indices = indices.to(device)
    else:
        indices = torch.empty(BATCH, dtype=torch.int64, device=device)
    dist.broadcast(indices, src=0)
    batch = [index for index in indices.tolist() if index >= 0]
    assert batch[-1] < SAMPLES, batch
    dist.all_reduce(torch.ones(1024, device=device))
job.finish()
