"""A small data-parallel job on CPU: real DDP over Gloo, real data loader. Used by corpora/suites/frameworks-gloo.yaml."""
import argparse

import torch
import torch._dynamo  # the optimizer imports it at its first step; loaded here, while nobody waits for this rank
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--workers", type=int, default=0, help="processes of the data loader")
    return parser.parse_args()


def train_step(model, optimizer, batch):
    loss = model(batch).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def main():
    args = options()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    width, world = args.width, dist.get_world_size()
    model = DistributedDataParallel(torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    data = TensorDataset(torch.randn(args.steps * world * 8, width))
    sampler = DistributedSampler(data, shuffle=False)
    for (batch,) in DataLoader(data, batch_size=8, sampler=sampler, num_workers=args.workers):
        loss = train_step(model, optimizer, batch)
    total = loss.detach().clone()
    dist.all_reduce(total)
    if dist.get_rank() == 0:
        print(f"loss {total.item() / world:.4f} after {args.steps} steps", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
