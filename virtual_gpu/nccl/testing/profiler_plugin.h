// What the test plugin has seen.
#pragma once

#include <cstddef>
#include <cstdint>

struct PluginReport {
  int version = 0;
  int inits = 0;
  int finalized = 0;
  int nranks = 0;
  int started[16] = {};  // by bit of the event type
  int stopped[16] = {};
  int states[32] = {};
  int wrong_parents = 0;
  size_t last_count = 0;
  uint64_t last_sequence = 0;
  int last_peer = -1;
  char last_function[32] = "";
  char last_datatype[32] = "";
};

extern "C" PluginReport rankleTestPluginReport();
