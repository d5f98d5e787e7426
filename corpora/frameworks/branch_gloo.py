"""Two bugs of the job's own logic, switched on by an argument: a branch that only some ranks take around a collective, and
a parameter that one rank leaves out of the reducer. Without one the job is healthy."""
import argparse

import torch
import torch._dynamo  # the optimizer imports it at its first step; loaded here, while nobody waits for this rank
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

BUGS = ["none", "branch", "unused-parameter", "early-stop"]


class Two(torch.nn.Module):
    """A network with a second branch that may go unused."""

    def __init__(self, width):
        super().__init__()
        self.always, self.sometimes = torch.nn.Linear(width, width), torch.nn.Linear(width, width)

    def forward(self, batch, use_both):
        hidden = self.always(batch)
        return self.sometimes(hidden) if use_both else hidden


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bug", choices=BUGS, default="none")
    parser.add_argument("--at", type=int, default=20, help="step from which the bug acts")
    parser.add_argument("--steps", type=int, default=40)
    args = parser.parse_args()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    last = dist.get_rank() == dist.get_world_size() - 1
    torch.manual_seed(0)
    model = DistributedDataParallel(Two(64), bucket_cap_mb=0.01)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(args.steps):
        acts = last and step >= args.at
        if args.bug == "early-stop" and acts:
            break  # a criterion that only this rank sees
        loss = model(torch.randn(8, 64), use_both=not (args.bug == "unused-parameter" and acts)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not (args.bug == "branch" and acts):
            mean = loss.detach().clone()
            dist.all_reduce(mean)  # for the log
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
