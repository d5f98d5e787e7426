// What happens to the engine when its process forks or exits.
// Fork: the child has no worker threads and must not touch engine locks; like on a GPU, CUDA is unusable
// there once the parent has used it. Exit: workers are never joined (their work may be stuck); they park
// before their next operation so that nothing runs into destroyed objects.
#pragma once

namespace rankle::vgpu {

// Called once, when the engine comes to life in this process.
void WatchForkAndExit();

bool InForkedChild();
bool ProcessExiting();

// Blocks the calling worker for good once the process is exiting.
void ParkIfExiting();

}  // namespace rankle::vgpu
