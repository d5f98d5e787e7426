"""Groups as frameworks name them: a mesh of dp x tp ranks over Gloo, with reductions, gathers, object collectives, sends and
a second, split group. Used by corpora/suites/frameworks-gloo.yaml."""
import argparse

import torch
import torch._dynamo  # the optimizer imports it at its first step; loaded here, while nobody waits for this rank
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=40)
    args = parser.parse_args()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    mesh = init_device_mesh("cpu", (world // 2, 2), mesh_dim_names=("dp", "tp"))
    dp, tp = mesh.get_group("dp"), mesh.get_group("tp")
    evaluation = dist.new_group(list(range(world)), group_desc="evaluation")
    weight = torch.nn.Parameter(torch.ones(256, 256))
    optimizer = torch.optim.SGD([weight], lr=0.01)
    for step in range(args.steps):
        part = torch.full((256,), float(rank + step)) @ weight.detach()
        whole = [torch.empty_like(part) for _ in range(2)]
        dist.all_gather(whole, part, group=tp)
        weight.grad = torch.outer(whole[0], whole[1]) * 1e-6
        work = dist.all_reduce(weight.grad, group=dp, async_op=True)
        work.wait()
        optimizer.step()
        if step % 10 == 9:
            losses = [None] * world
            dist.all_gather_object(losses, {"rank": rank, "step": step}, group=evaluation)
            token = torch.tensor([step])
            if rank == 0:
                dist.send(token, dst=1)
            elif rank == 1:
                dist.recv(token, src=0)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
