"""Process groups that come and go: new_group and split_group by name, used, destroyed, made again."""
import torch
import torch.distributed as dist

import job

arguments = job.parse(rounds=3)
device = job.start(arguments)
rank, world = dist.get_rank(), dist.get_world_size()
dist.all_reduce(torch.ones(1, device=device))  # split_group asks for a communicator that exists
halves = [list(range(world // 2)), list(range(world // 2, world))]
for round_number in range(arguments.rounds):
    pairs = [dist.new_group(half, group_desc=f"half {index}") for index, half in enumerate(halves)]
    mine = pairs[0] if rank in halves[0] else pairs[1]
    split = dist.split_group(split_ranks=halves, group_desc="split")
    for step in job.steps(arguments):
        buffer = torch.ones(1024, device=device)
        dist.all_reduce(buffer, group=mine)
        dist.broadcast(buffer, group_src=0, group=split)
    dist.destroy_process_group(split)
    dist.destroy_process_group(mine)
    dist.barrier()
job.finish()
