"""NVIDIA/Megatron-LM#3401: ranks without MoE layers create a shorter tracker of auxiliary losses.

As it was: the tracker has an entry a layer and one for the multi-token layer; rank 0, whose pipeline stage is dense, makes its own
without the latter, and the sizes of the all-reduce over the pipeline differ. The fix gives it the same size on all ranks.
"""
import torch
from megatron.core import parallel_state
from megatron.core.transformer.moe import moe_utils

from common import FIXED, job

LAYERS, MTP_LAYERS = 4, 1
arguments = job.parse()
device = job.start(arguments)
parallel_state.initialize_model_parallel(pipeline_model_parallel_size=4)
stage = parallel_state.get_pipeline_model_parallel_rank()
for step in job.steps(arguments):
    if stage != 0:
        loss = torch.zeros((), device=device)
        moe_utils.save_to_aux_losses_tracker("load_balancing_loss", loss, stage + 1, LAYERS + MTP_LAYERS)
    moe_utils.track_moe_metrics(1.0, step, total_loss_dict={}, force_initialize=True, track_names=["load_balancing_loss"],
                                num_layers=LAYERS + MTP_LAYERS if FIXED else LAYERS)
job.finish()
