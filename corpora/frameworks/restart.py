"""For torchrun --max-restarts: rank --victim dies in its first life at step --die-at; the job starts over and ends well."""
import os

import torch
import torch.distributed as dist

import job

arguments = job.parse(victim=1, die_at=20)
device = job.start(arguments)
first_life = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0"
for step in job.steps(arguments):
    dist.all_reduce(torch.ones(1024, device=device))
    if first_life and dist.get_rank() == arguments.victim and step == arguments.die_at:
        raise RuntimeError("this rank dies once")
job.finish()
