// The loader's look-up functions as they are behind our own dlsym and dlvsym.
#pragma once

namespace rankle::hooks {

// dlsym of the next library in search order (usually libc). RTLD_NEXT means "after librankle.so" here.
void* NextDlsym(void* handle, const char* name);

}  // namespace rankle::hooks
