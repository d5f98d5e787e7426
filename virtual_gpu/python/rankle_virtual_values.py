"""Values that decide what a PyTorch job does, on virtual GPUs.

Kernels do not compute there, but frameworks read a few of their results back: the sizes of pickled objects, flags,
counts. This module computes those for real. PyTorch loads it at the end of `import torch` (entry point torch.backends);
it stands in front of PyTorch's own CUDA kernels (torch.library.get_kernel) and runs the CPU's kernel on the same memory,
which on a virtual GPU is host memory. A call computes when all of its tensors on the GPU are integers or flags of at most
64 KiB together, or numbers of at most 16 elements each; with RANKLE_VGPU_MATH=compute whatever their kind and size. All
else goes on to the kernel that does not compute. It waits for the tensor's stream first, where CUDA would go on at once.
RANKLE_VGPU_VALUES=0 leaves PyTorch as it is. Nothing happens without virtual GPUs.
"""
import ctypes
import os
import sys
import warnings

LIMIT_BYTES = 64 * 1024  # metadata of frameworks (sizes, ranks, indices of experts) stays far below; activations do not
LIMIT_ELEMENTS = 16  # scales, norms and losses

# Functions of ATen (with all their overloads: plain, in place, out=) that a CUDA kernel answers. Views are not among them.
OPERATORS = """
abs add all amax amin any arange argmax argmin argsort bincount bitwise_and bitwise_not bitwise_or bitwise_xor cat ceil
clamp clamp_max clamp_min copy cumsum div eq exp eye fill floor floor_divide fmod ge gather gt index index_add
index_copy index_fill index_put index_select isfinite isin isinf isnan le linspace log logical_and logical_not logical_or
logical_xor lt masked_fill masked_scatter masked_select max maximum mean min minimum mul ne neg nonzero pow prod
reciprocal remainder repeat_interleave round rsub scatter scatter_add searchsorted sign sort sqrt stack sub sum topk
tril triu trunc unique_consecutive _unique2 _index_put_impl where zero
_amp_foreach_non_finite_check_and_unscale _amp_update_scale linalg_vector_norm
""".split()


def load():
    if not os.environ.get("RANKLE_VGPU_LIB_DIR") or os.environ.get("RANKLE_VGPU_VALUES") == "0":
        return
    import torch

    if torch.version.cuda is None or not hasattr(torch.library, "get_kernel"):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns of every kernel that another one replaces
            _Values(torch, everything=os.environ.get("RANKLE_VGPU_MATH") == "compute").install()
    except Exception as error:  # another version of PyTorch: the job must start all the same
        print(f"rankle: virtual GPU: small values of PyTorch {torch.__version__} are not computed: {error}", file=sys.stderr)


def _is_written(value):
    return value.alias_info is not None and value.alias_info.is_write


def _same_memory(argument, value):
    return _is_written(argument) and _is_written(value) and argument.alias_info.before_set == value.alias_info.before_set


class _Values:
    def __init__(self, torch, everything):
        self.torch = torch
        self.everything = everything
        self.library = torch.library.Library("aten", "IMPL")  # the kernels live as long as it does

    def install(self):
        for name in OPERATORS:
            for base in (name, name + "_"):
                packet = getattr(self.torch.ops.aten, base, None)
                for overload in packet.overloads() if packet is not None else ():
                    operator = getattr(packet, overload)
                    if self._has_cuda_kernel(operator.name()):
                        self._stand_before(operator, self._decides)
        # Answered by one function for all devices, which launches a kernel unless it can copy bytes.
        self._stand_before(self.torch.ops.aten.copy_.default, self._copies_by_kernel)

    def _has_cuda_kernel(self, name):
        dispatcher = self.torch._C
        return dispatcher._dispatch_has_kernel(name) and dispatcher._dispatch_has_kernel_for_dispatch_key(name, "CUDA")

    def _stand_before(self, operator, decides):
        kernel = self.torch.library.get_kernel(operator, "CUDA")
        arguments = operator._schema.arguments
        names = [argument.name for argument in arguments]
        takes_tensor = [argument.name for argument in arguments if str(argument.type) == "Tensor"]
        written = [argument.name for argument in arguments if _is_written(argument)]
        out = {argument.name for argument in arguments if argument.is_out}
        # What is returned: new tensors, or arguments that were written.
        returned = [next((argument.name for argument in arguments if _same_memory(argument, value)), None)
                    for value in operator._schema.returns]

        def call(keys, *positional, **named):
            given = dict(zip(names, positional), **named)
            self._numbers_to_tensors(given, takes_tensor)
            if not decides(given):
                return kernel.call_boxed(keys, *(given[name] for name in names[:len(positional)]),
                                         **{name: given[name] for name in named})
            result, device = self._compute(operator, given, out)
            if not written:
                return self._on_device(result, device)
            results = tuple(given[name] for name in returned)
            return results[0] if len(results) == 1 else results or None

        self.library.impl(operator.name(), call, "CUDA", with_keyset=True, allow_override=True)

    def _numbers_to_tensors(self, given, takes_tensor):
        """`x.add_(1)` reaches this module as a number, and its kernel as a tensor that promotes types as the number does."""
        for name in takes_tensor:
            value = given.get(name)
            if isinstance(value, (int, float, complex)):
                first = next(self._tensors(given.values()))
                given[name] = self.torch.tensor(value, dtype=self.torch.result_type(first, value))

    def _tensors(self, values):
        for value in values:
            if isinstance(value, self.torch.Tensor):
                yield value
            elif isinstance(value, (list, tuple)):
                yield from self._tensors(value)

    def _decides(self, given):
        if not self.everything:
            total = 0
            for tensor in self._tensors(given.values()):
                if tensor.device.type != "cuda":
                    continue
                total += tensor.numel() * tensor.element_size()
                number = tensor.dtype.is_floating_point or tensor.dtype.is_complex
                if total > LIMIT_BYTES or (number and tensor.numel() > LIMIT_ELEMENTS):
                    return False
        return not self.torch.cuda.is_current_stream_capturing()

    def _copies_by_kernel(self, given):
        target, source = given["self"], given["src"]
        if target.device.type != "cuda" or source.device.type != "cuda":
            return False
        if target.dtype == source.dtype and target.is_contiguous() and source.is_contiguous():
            return False
        return self._decides(given)

    def _compute(self, operator, given, out):
        device = next((t.device for t in self._tensors(given.values()) if t.device.type == "cuda"), None)
        self.torch.cuda.current_stream(device).synchronize()
        host = {name: self._fresh(value) if name in out else self._on_host(value) for name, value in given.items()}
        result = operator(**host)
        for name in out:
            given[name].resize_(host[name].size())
            self._alias(given[name]).copy_(host[name])
        return result, device

    def _fresh(self, tensor):
        return self.torch.empty(0, dtype=tensor.dtype)

    def _on_host(self, value):
        if isinstance(value, self.torch.Tensor):
            return self._alias(value) if value.device.type == "cuda" else value
        if isinstance(value, (list, tuple)):
            return [self._on_host(item) for item in value]
        return self.torch.device("cpu") if isinstance(value, self.torch.device) else value

    def _on_device(self, value, device):
        if isinstance(value, self.torch.Tensor):
            moved = self.torch.empty_strided(value.size(), value.stride(), dtype=value.dtype, device=device)
            self._alias(moved).copy_(value)
            return moved
        return type(value)(self._on_device(item, device) for item in value) if isinstance(value, (list, tuple)) else value

    def _alias(self, tensor):
        """The same memory as a tensor of the CPU."""
        storage = tensor.untyped_storage()
        if storage.nbytes() == 0:
            return self.torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype)
        memory = (ctypes.c_char * storage.nbytes()).from_address(storage.data_ptr())
        whole = self.torch.frombuffer(memory, dtype=self.torch.uint8).view(tensor.dtype)
        return whole.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())
