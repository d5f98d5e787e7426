// Lines of NCCL as ranks, communicators and operations of a Store. Pure.
#pragma once

#include <functional>

#include "analyzer/import/logs/log_contents.h"
#include "analyzer/import/logs/log_ranks.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// `on_axis`: a time of the logs as one of the store. Does not finish the store.
void AddNcclJob(const LogContents& contents, const LogSeats& seats,
                const std::function<int64_t(int64_t)>& on_axis, store::Store& store);

}  // namespace rankle::import
