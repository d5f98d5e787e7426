// Marks the functions that librankle.so shows to the process; everything else is hidden.
#pragma once

#define RANKLE_EXPORT __attribute__((visibility("default")))
