// The stacks join the job that they lie beside: each process learns where it stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/import/python_stacks/python_stacks_importer.h"
#include "analyzer/testing/dump_files.h"

namespace rankle::import {
namespace {

std::string Stacks(int pid, const std::string& function) {
  return "{\"schema\": \"rankle.python-stacks/1\", \"pid\": " + std::to_string(pid) +
         ", \"main_thread\": \"0x0a\", \"signal\": 39}\nThread 0x0a (most recent call first):\n  File "
         "\"/job/train.py\", "
         "line 7 in " +
         function + "\n";
}

TEST(PythonStacksJoin, ProcessesAreToldApartByDirectoryWhereHostsGaveOnePidTwice) {
  const rankle::testing::DumpDirectory here("stacks_here"), there("stacks_there");
  here.Write("python-5.stacks", Stacks(5, "load"));
  there.Write("python-5.stacks", Stacks(5, "save"));
  store::Store store;
  for (const auto* directory : {&here, &there}) {
    store::Process process;
    process.pid = 5, process.source = (directory->path() / "flight-5-1.rkl").string();
    store.processes.push_back(process);
  }
  const std::vector<std::string> files = {(there.path() / "python-5.stacks").string(),
                                          (here.path() / "python-5.stacks").string()};
  EXPECT_TRUE(PythonStacksImporter().Join(files, store).ok());
  EXPECT_EQ(store.processes[0].place, "train.py:7 in load");
  EXPECT_EQ(store.processes[1].place, "train.py:7 in save");
}

TEST(PythonStacksJoin, DamagedAndForeignFilesAreNamedAndSpoilNothing) {
  const rankle::testing::DumpDirectory directory("stacks_damaged");
  directory.Write("python-6.stacks", "{\"schema\": \"rankle.python-stacks/1\"}\n");
  directory.Write("python-7.stacks", Stacks(7, "load"));
  store::Store store;
  store.processes.emplace_back().pid = 5;
  const std::vector<std::string> files = {(directory.path() / "python-6.stacks").string(),
                                          (directory.path() / "python-7.stacks").string()};
  EXPECT_FALSE(PythonStacksImporter().Join(files, store).ok());
  EXPECT_EQ(store.processes[0].place, "");
  EXPECT_THAT(store.quality.notes, ::testing::Contains(::testing::HasSubstr("python-6.stacks")));
}

}  // namespace
}  // namespace rankle::import
