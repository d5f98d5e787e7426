"""DeepSpeed ZeRO, stages 1 to 3, on a small model; without fused kernels (they are compiled for a GPU)."""
import deepspeed
import torch

import job

arguments = job.parse(stage=2, width=128)
device = job.start(arguments)
model = torch.nn.Sequential(*[torch.nn.Linear(arguments.width, arguments.width) for _ in range(4)])
configuration = {
    "train_micro_batch_size_per_gpu": 8,
    "zero_optimization": {"stage": arguments.stage, "reduce_bucket_size": 20000},
    "zero_force_ds_cpu_optimizer": False,
}
optimizer = torch.optim.AdamW(model.parameters())
engine, _, _, _ = deepspeed.initialize(model=model, optimizer=optimizer, config=configuration)
for step in job.steps(arguments):
    loss = engine(torch.randn(8, arguments.width, device=device)).sum()
    engine.backward(loss)
    engine.step()
job.finish()
