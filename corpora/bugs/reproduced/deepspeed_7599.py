"""deepspeedai/DeepSpeed#7599: a universal checkpoint cannot be read by the ranks that were added when scaling up.

As it was: saved by two ranks, loaded by four: each reads the model states of its own number, and ranks 2 and 3 find no file. With the
fix all ranks read the first one's.
"""
import pathlib
import tempfile

import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse()
device = job.start(arguments)
rank = dist.get_rank()
with tempfile.TemporaryDirectory() as folder:
    for saver in range(2):
        torch.save({"step": 7}, pathlib.Path(folder) / f"zero_pp_rank_{saver}_mp_rank_00_model_states.pt")
    dist.barrier()
    reader = 0 if FIXED else rank
    states = torch.load(pathlib.Path(folder) / f"zero_pp_rank_{reader}_mp_rank_00_model_states.pt")
    assert states == {"step": 7}
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
job.finish()
