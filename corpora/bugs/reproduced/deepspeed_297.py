"""deepspeedai/DeepSpeed#297: a checkpoint is saved by a subset of the ranks although saving is collective.

As it was: rank 0 alone saves and waits in the barrier of save_checkpoint, the others are in the next step. With the fix every rank
takes part.
"""
import tempfile

import deepspeed
import torch
import torch.distributed as dist

from common import FIXED, job

arguments = job.parse(width=64)
device = job.start(arguments)
model = torch.nn.Sequential(*[torch.nn.Linear(arguments.width, arguments.width) for _ in range(4)])
configuration = {"train_micro_batch_size_per_gpu": 8, "zero_optimization": {"stage": 1}, "zero_force_ds_cpu_optimizer": False}
engine, _, _, _ = deepspeed.initialize(model=model, optimizer=torch.optim.AdamW(model.parameters()), config=configuration)
with tempfile.TemporaryDirectory() as own:
    for step in job.steps(arguments):
        loss = engine(torch.randn(8, arguments.width, device=device)).sum()
        engine.backward(loss)
        engine.step()
        if step == 20 and (FIXED or dist.get_rank() == 0):
            engine.save_checkpoint(own, tag="step20")
job.finish()
