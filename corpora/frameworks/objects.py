"""Collectives of Python objects, and barriers: what frameworks do with metadata, configurations and checkpoints."""
import torch.distributed as dist

import job

arguments = job.parse()
device = job.start(arguments)
rank, world = dist.get_rank(), dist.get_world_size()
for step in job.steps(arguments):
    gathered = [None] * world
    dist.all_gather_object(gathered, {"rank": rank, "step": step, "text": "x" * (step % 7)})
    assert [entry["rank"] for entry in gathered] == list(range(world)), gathered
    plan = [f"plan of step {step}" if rank == 0 else None]
    dist.broadcast_object_list(plan, src=0, device=device)
    assert plan == [f"plan of step {step}"], plan
    dist.barrier()
job.finish()
