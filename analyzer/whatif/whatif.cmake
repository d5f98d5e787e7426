# What-if analysis (docs/what-if.md): pure core, readers of operation traces.
add_library(rankle_whatif STATIC
  whatif/graph.cc whatif/analysis.cc whatif/operation_trace.cc whatif/exchange.cc whatif/step_graph.cc whatif/pipeline.cc
  import/operations/file_content.cc import/operations/trace_meta.cc import/operations/timeline_reader.cc)
target_link_libraries(rankle_whatif PUBLIC absl::status absl::statusor absl::strings)
target_link_libraries(rankle_whatif PRIVATE simdjson::simdjson ZLIB::ZLIB yaml-cpp)
