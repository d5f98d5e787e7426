# What-if analysis (docs/what-if.md): the pure core, and readers of operation traces.
add_library(rankle_parquet STATIC
  import/parquet/thrift_compact.cc import/parquet/metadata.cc import/parquet/codec.cc import/parquet/encoding.cc import/parquet/columns.cc)
target_link_libraries(rankle_parquet PUBLIC absl::status absl::statusor absl::strings absl::flat_hash_map)
target_include_directories(rankle_parquet SYSTEM PRIVATE ${ZSTD_INCLUDE})
target_link_libraries(rankle_parquet PRIVATE Snappy::snappy ZLIB::ZLIB ${ZSTD_LIBRARY})

add_library(rankle_whatif STATIC
  whatif/graph.cc whatif/analysis.cc whatif/operation_trace.cc whatif/exchange.cc whatif/step_graph.cc whatif/pipeline.cc whatif/read.cc
  whatif/from_store.cc whatif/rank_order.cc whatif/store_units.cc whatif/pipeline_places.cc whatif/hidden.cc
  import/operations/trace_meta.cc import/operations/timeline_reader.cc
  import/operations/parquet_trace.cc)
target_link_libraries(rankle_whatif PUBLIC rankle_analyzer rankle_parquet absl::status absl::statusor absl::strings)
target_link_libraries(rankle_whatif PRIVATE simdjson::simdjson ZLIB::ZLIB yaml-cpp)

rankle_test(whatif_test SOURCES whatif/whatif_test.cc whatif/from_store_test.cc whatif/published_traces_test.cc LIBS rankle_whatif rankle_analyzer_testing nlohmann_json::nlohmann_json GTest::gmock)
rankle_test(parquet_test SOURCES import/parquet/columns_test.cc LIBS rankle_whatif ZLIB::ZLIB GTest::gmock)

if(RANKLE_FUZZ)
  add_executable(fuzz_parquet import/parquet/fuzz_parquet.cc)
  target_link_libraries(fuzz_parquet PRIVATE rankle_whatif)
  target_link_options(fuzz_parquet PRIVATE -fsanitize=fuzzer)
  add_executable(fuzz_timeline import/operations/fuzz_timeline.cc)
  target_link_libraries(fuzz_timeline PRIVATE rankle_whatif)
  target_link_options(fuzz_timeline PRIVATE -fsanitize=fuzzer)
endif()
rankle_test(interleaved_test SOURCES whatif/interleaved_test.cc LIBS rankle_whatif GTest::gmock)
