"""Megatron-core: a tiny GPT, tensor parallel x pipeline parallel x data parallel, local kernels (no Transformer Engine)."""
import torch
import torch.distributed as dist
from functools import partial
from megatron.core import parallel_state
from megatron.core.distributed import DistributedDataParallel, DistributedDataParallelConfig, finalize_model_grads
from megatron.core.models.gpt import GPTModel
from megatron.core.models.gpt.gpt_layer_specs import get_gpt_layer_local_spec
from megatron.core.pipeline_parallel.schedules import get_forward_backward_func
from megatron.core.tensor_parallel.random import model_parallel_cuda_manual_seed
from megatron.core.transformer import TransformerConfig

import job

arguments = job.parse(tp=2, pp=1, micro_batches=2)
device = job.start(arguments)
parallel_state.initialize_model_parallel(arguments.tp, arguments.pp)
model_parallel_cuda_manual_seed(1)
config = TransformerConfig(
    num_layers=2 * arguments.pp, hidden_size=32, num_attention_heads=4, use_cpu_initialization=True,
    tensor_model_parallel_size=arguments.tp, pipeline_model_parallel_size=arguments.pp, pipeline_dtype=torch.float32,
    gradient_accumulation_fusion=False, bias_dropout_fusion=False, masked_softmax_fusion=False)
length, vocabulary = 16, 64
model = GPTModel(config, get_gpt_layer_local_spec(), vocabulary, length,
                 pre_process=parallel_state.is_pipeline_first_stage(), post_process=parallel_state.is_pipeline_last_stage())
model = DistributedDataParallel(config, DistributedDataParallelConfig(), model.to(device))
optimizer = torch.optim.AdamW(model.parameters())


def forward_step(batches, model):
    tokens = torch.zeros(2, length, dtype=torch.long, device=device)
    mask = torch.ones(2, 1, length, length, dtype=torch.bool, device=device)
    output = model(tokens, tokens, mask, labels=tokens)
    return output, lambda output: (output.sum(), {})


run = get_forward_backward_func()
for step in job.steps(arguments):
    model.zero_grad_buffer()
    run(forward_step_func=forward_step, data_iterator=None, model=model, num_microbatches=arguments.micro_batches,
        seq_length=length, micro_batch_size=2, forward_only=False)
    finalize_model_grads([model])
    optimizer.step()
job.finish()
