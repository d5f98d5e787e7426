"""deepspeedai/DeepSpeed#7580: the fp16 overflow decision of ZeRO-1 stays local.

As it was: a rank whose gradients overflow skips the step while its peers go on to the step's collectives. The fix reduces the flag
(MAX) over all ranks, so that all skip. Kernels do not compute here: that rank 1 overflows in step 10 is given.
"""
import deepspeed
import torch
import torch.distributed as dist
from deepspeed.runtime.zero.stage_1_and_2 import DeepSpeedZeroOptimizer

from common import FIXED, job

arguments = job.parse(width=64)
device = job.start(arguments)
step = 0


def has_overflow(optimizer, partition_gradients=True):
    flag = torch.tensor([int(dist.get_rank() == 1 and step == 10)], dtype=torch.uint8, device=device)
    if FIXED:
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
    return bool(flag.item())


DeepSpeedZeroOptimizer.has_overflow = has_overflow
model = torch.nn.Sequential(*[torch.nn.Linear(arguments.width, arguments.width) for _ in range(4)])
configuration = {"train_micro_batch_size_per_gpu": 8, "zero_optimization": {"stage": 1}, "zero_force_ds_cpu_optimizer": False,
                 "fp16": {"enabled": True}}
engine, _, _, _ = deepspeed.initialize(model=model, optimizer=torch.optim.AdamW(model.parameters()), config=configuration)
for step in job.steps(arguments):
    loss = engine(torch.randn(8, arguments.width, device=device, dtype=torch.half)).sum()
    engine.backward(loss)
    engine.step()
job.finish()
