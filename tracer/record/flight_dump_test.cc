// The standalone reader agrees with the library's reader, and says in one line what it cannot read.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tracer/record/writer.h"

namespace rankle::record {
namespace {

struct Output {
  std::string text;
  int code = -1;
};

Output RunDump(const std::string& file) {
  Output output;
  FILE* pipe = popen((std::string(FLIGHT_DUMP) + " " + file + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.text.append(buffer.data(), n);
  const int status = pclose(pipe);
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

TEST(FlightDump, PrintsProcessCommunicatorsAndRecords) {
  const std::string path = ::testing::TempDir() + "flight-dump-test.rkl";
  unlink(path.c_str());
  {
    Writer writer;
    ProcessIdentity identity;
    identity.rank = 5;
    identity.command = "train --x \"quoted\"";
    ASSERT_EQ(writer.Create(path.c_str(), {}, identity), 0);
    NewRecord record;
    record.kind = Kind::kOperation;
    record.comm = writer.AddComm(0xbeef, 0, 1, 2, 0, -1, "tp0", 1);
    record.seq = 77;
    Writer::SetReturned(writer.Begin(record, State::kEntered), 250, 0, State::kEnqueued);
  }
  const Output output = RunDump(path);
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(output.text, ::testing::HasSubstr("\"rank\":5,"));
  EXPECT_THAT(output.text, ::testing::HasSubstr("train --x \\\"quoted\\\""));
  EXPECT_THAT(output.text, ::testing::HasSubstr("\"id\":\"000000000000beef\",\"rank\":1,\"nranks\":2"));
  EXPECT_THAT(output.text, ::testing::HasSubstr("\"returned\":250,"));
  EXPECT_THAT(output.text, ::testing::HasSubstr("\"seq\":77,"));
  unlink(path.c_str());
}

TEST(FlightDump, RefusesWhatIsNoFlightRecord) {
  const std::string path = ::testing::TempDir() + "flight-dump-foreign.rkl";
  std::ofstream(path) << std::string(8192, 'x');
  const Output output = RunDump(path);
  EXPECT_EQ(output.code, 2);
  EXPECT_THAT(output.text, ::testing::HasSubstr("not a flight record"));
  unlink(path.c_str());
}

}  // namespace
}  // namespace rankle::record
