"""NVIDIA/Megatron-LM#4953: a wrapper of the model lacks a keyword that the gradient synchronisation was given.

As it was: finalize_model_grads passes force_all_reduce, and every rank raises TypeError at its first synchronisation. The fix
accepts the keyword.
"""
import torch
from megatron.core import parallel_state
from megatron.core.distributed import DistributedDataParallel, DistributedDataParallelConfig, finalize_model_grads
from megatron.core.transformer import TransformerConfig

from common import FIXED, job


class Wrapped(DistributedDataParallel):
    def finish_grad_sync(self, **keywords):
        super().finish_grad_sync(**keywords)


def finish_grad_sync(self):
    DistributedDataParallel.finish_grad_sync(self)


if not FIXED:
    Wrapped.finish_grad_sync = finish_grad_sync
arguments = job.parse()
device = job.start(arguments)
parallel_state.initialize_model_parallel()
config = TransformerConfig(num_layers=1, hidden_size=64, num_attention_heads=4)
layers = torch.nn.Linear(64, 64).to(device)
layers.config = config
model = Wrapped(config, DistributedDataParallelConfig(), layers)
for step in job.steps(arguments):
    model.zero_grad_buffer()
    model(torch.randn(8, 64, device=device)).sum().backward()
    finalize_model_grads([model])
job.finish()
