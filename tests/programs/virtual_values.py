"""Values that decide are right on a virtual GPU, and the rest is left to kernels that do not compute. With --times: what a call costs."""
import sys
import time

import torch

d = "cuda"
numbers = torch.arange(10, device=d)
assert numbers.sum().item() == 45 and numbers.max().item() == 9, numbers
assert numbers[numbers > 4].tolist() == [5, 6, 7, 8, 9]
assert torch.cat([numbers, numbers]).tolist() == list(range(10)) * 2
assert torch.unique(torch.tensor([3, 1, 3], device=d)).tolist() == [1, 3]
assert numbers.reshape(2, 5).t().contiguous().tolist() == [[0, 5], [1, 6], [2, 7], [3, 8], [4, 9]]
assert numbers.double().mean().item() == 4.5
assert (torch.ones((), device=d) * 3).item() == 3
numbers.add_(1)  # in place, with a number
assert numbers.tolist() == list(range(1, 11))
ones = torch.ones(3, dtype=torch.int32, device=d) * 2
assert ones.dtype == torch.int32 and ones.tolist() == [2, 2, 2]  # a number promotes as a number
out = torch.empty(0, dtype=torch.int64, device=d)
assert torch.add(numbers, numbers, out=out) is out and out.tolist() == list(range(2, 21, 2))
scaler = torch.amp.GradScaler(d)
assert scaler.scale(torch.ones((), device=d)).item() == scaler.get_scale() == 65536
large = torch.zeros(1_000_000, device=d)
large.add_(1)
assert large[:3].tolist() == [0, 0, 0], "a large tensor was computed, or the memory was not fresh"
if "--times" in sys.argv:
    for what, tensor in (("10 integers", numbers), ("a million floats", large)):
        begin = time.perf_counter()
        for _ in range(1000):
            tensor.add_(1)
        print(f"x.add_(1) of {what}: {1e3 * (time.perf_counter() - begin):.1f} us")
