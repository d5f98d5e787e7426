"""What the framework jobs have in common: arguments, one device a rank, the process group, and steps with marks."""
import argparse
import os
import time

import torch
import torch.distributed as dist


def parse(**extra):
    """Arguments of every job, and those named in `extra` (name = default)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--step-time", type=float, default=0, metavar="MS", help="how long a batch takes to arrive")
    parser.add_argument("--input-delay", default="", metavar="RANK:MS", help="batches of this rank take longer")
    parser.add_argument("--timeout", type=float, default=600, metavar="S", help="time-out of the process groups")
    for name, default in extra.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    return parser.parse_args()


def start(arguments, **options):
    """Joins the job; returns this rank's device. `options` go to init_process_group."""
    from datetime import timedelta

    local_rank = int(os.environ.get("LOCAL_RANK", os.environ.get("RANK", "0")))
    device = torch.device("cuda", local_rank % torch.cuda.device_count())
    torch.cuda.set_device(device)
    options.setdefault("device_id", device)
    dist.init_process_group("nccl", timeout=timedelta(seconds=arguments.timeout), **options)
    return device


def steps(arguments):
    """Numbers of steps; each begins as an NVTX range, which rankle takes as the step's mark, and waits for its batch."""
    slow_rank, _, delay = arguments.input_delay.partition(":")
    wait = arguments.step_time + (float(delay) if os.environ["RANK"] == slow_rank else 0)
    for step in range(arguments.steps):
        torch.cuda.nvtx.range_push(f"step {step}")
        time.sleep(wait / 1000)
        yield step
        torch.cuda.nvtx.range_pop()


def finish():
    torch.cuda.synchronize()
    if dist.get_rank() == 0:
        print("done", flush=True)
    dist.destroy_process_group()
