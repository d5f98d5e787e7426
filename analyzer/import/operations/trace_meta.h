// The small file that the what-if study keeps beside a trace: how large the job was. Optional.
#pragma once

#include <string>

#include "analyzer/whatif/operation_trace.h"

namespace rankle::import {

struct TraceMeta {
  int32_t dp = 0, stages = 0, tp = 0;  // 0 = not told
};

// Meta data in YAML ("dp_size: 2"). What is not there or no number stays 0.
TraceMeta ParseTraceMeta(const std::string& yaml);

// The meta file of a trace: timeline-X.json.gz and trace-X.parquet have meta-X.yaml. "" = none.
std::string MetaFileOf(const std::string& trace_path);

// Notes where the trace has fewer dp ranks or stages than the job.
void NoteMissingWorkers(const TraceMeta& meta, whatif::OperationTrace& trace);

}  // namespace rankle::import
