# Libraries from Debian packages, and the CUDA and NCCL headers (toolkit, or the headers that scripts/install-deps
# fetched into .cache/cuda). No CUDA library is linked: the virtual GPUs stand in for them.
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(Boost REQUIRED) # headers only: distributions of Boost.Math
find_package(absl REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibArchive REQUIRED)
find_package(simdjson REQUIRED)
find_package(Snappy REQUIRED)
find_path(ZSTD_INCLUDE zstd.h REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
find_package(benchmark QUIET)

# elfutils: functions and lines of call sites (rankle trace sites).
find_path(DW_INCLUDE elfutils/libdwfl.h REQUIRED)
find_library(DW_LIBRARY dw REQUIRED)
add_library(rankle_dw INTERFACE)
target_include_directories(rankle_dw SYSTEM INTERFACE ${DW_INCLUDE})
target_link_libraries(rankle_dw INTERFACE ${DW_LIBRARY})

find_path(RANKLE_CUDA_INCLUDE cuda_runtime_api.h
          HINTS ENV CUDA_HOME PATHS /usr/local/cuda/include ${CMAKE_SOURCE_DIR}/.cache/cuda/include PATH_SUFFIXES include
          NO_CMAKE_SYSTEM_PATH)
find_path(RANKLE_NCCL_INCLUDE nccl.h
          HINTS ${RANKLE_CUDA_INCLUDE} ENV NCCL_HOME PATHS ${CMAKE_SOURCE_DIR}/.cache/cuda/include PATH_SUFFIXES include)
if(RANKLE_CUDA_INCLUDE AND RANKLE_NCCL_INCLUDE)
  set(RANKLE_HAVE_CUDA_HEADERS ON)
  add_library(rankle_cuda_headers INTERFACE)
  target_include_directories(rankle_cuda_headers SYSTEM INTERFACE ${RANKLE_CUDA_INCLUDE} ${RANKLE_NCCL_INCLUDE})
else()
  set(RANKLE_HAVE_CUDA_HEADERS OFF)
  message(STATUS "rankle: no CUDA or NCCL headers: interposer, virtual GPUs and programs are left out (scripts/install-deps gets them)")
endif()

# CUPTI: headers only, the library is found at run time. Without them `rankle run --cupti` is refused.
option(RANKLE_CUPTI "Build librankle-cupti.so where CUPTI's headers are found" ON)
set(RANKLE_HAVE_CUPTI OFF)
if(RANKLE_CUPTI AND RANKLE_HAVE_CUDA_HEADERS)
  find_path(RANKLE_CUPTI_INCLUDE cupti.h
            HINTS ${RANKLE_CUDA_INCLUDE} ${RANKLE_CUDA_INCLUDE}/../extras/CUPTI/include NO_CMAKE_SYSTEM_PATH)
  if(RANKLE_CUPTI_INCLUDE)
    set(RANKLE_HAVE_CUPTI ON)
    add_library(rankle_cupti_headers INTERFACE)
    target_include_directories(rankle_cupti_headers SYSTEM INTERFACE ${RANKLE_CUPTI_INCLUDE})
    target_link_libraries(rankle_cupti_headers INTERFACE rankle_cuda_headers)
  else()
    message(STATUS "rankle: no CUPTI headers: librankle-cupti.so is left out")
  endif()
endif()

find_path(GLOO_INCLUDE gloo/rendezvous/context.h)
find_library(GLOO_LIBRARY NAMES gloo libgloo.so.0)
if(GLOO_INCLUDE AND GLOO_LIBRARY)
  set(RANKLE_HAVE_GLOO ON)
  add_library(rankle_gloo INTERFACE)
  target_include_directories(rankle_gloo SYSTEM INTERFACE ${GLOO_INCLUDE})
  target_link_libraries(rankle_gloo INTERFACE ${GLOO_LIBRARY})
else()
  set(RANKLE_HAVE_GLOO OFF)
  message(STATUS "rankle: no Gloo: the virtual NCCL is left out (scripts/install-deps gets it)")
endif()

# eBPF (`rankle attach`, `rankle run --via ebpf`): libbpf loads what clang compiles for the kernel. Part `ebpf` of
# RANKLE_PARTS; without the tools it is left out, and the commands say so.
set(RANKLE_HAVE_EBPF OFF)
if("ebpf" IN_LIST RANKLE_PARTS AND RANKLE_HAVE_CUDA_HEADERS AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  find_path(RANKLE_BPF_INCLUDE bpf/libbpf.h)
  find_library(RANKLE_BPF_LIBRARY bpf)
  find_program(RANKLE_BPF_CLANG NAMES clang-19 clang)
  if(RANKLE_BPF_INCLUDE AND RANKLE_BPF_LIBRARY AND RANKLE_BPF_CLANG)
    set(RANKLE_HAVE_EBPF ON)
    add_library(rankle_libbpf INTERFACE)
    target_include_directories(rankle_libbpf SYSTEM INTERFACE ${RANKLE_BPF_INCLUDE})
    target_link_libraries(rankle_libbpf INTERFACE ${RANKLE_BPF_LIBRARY})
  else()
    message(STATUS "rankle: no libbpf or clang: `rankle attach` is left out (scripts/install-deps gets them)")
  endif()
endif()
