// 32 processes put and get the same keys at once, without a lock: no error, no torn read.

#include "autotune/ConfigurationStore.h"
#include "tests/autotune/SampleConfiguration.h"
#include "tests/autotune/ScratchFolder.h"

#include <doctest/doctest.h>

#include <cstdio>

#include <sys/wait.h>
#include <unistd.h>

using namespace halftone;
using namespace halftone::test;

namespace {

constexpr int processes = 32, rounds = 1000, keys = 8;

/// A configuration all of whose parts tell the same number.
Configuration numbered(int64_t heads, int number) {
  Configuration result = sampleConfiguration(heads);
  result.problem = std::to_string(number) + std::string(size_t(number % 7) * 100, '.');
  result.best.medianMilliseconds = number + 1;
  result.timings = number;
  return result;
}

bool isWhole(const Configuration &configuration, int64_t heads) {
  int number = int(configuration.timings);
  Configuration wanted = numbered(heads, number);
  return configuration.key == wanted.key && configuration.problem == wanted.problem &&
         configuration.best.medianMilliseconds == wanted.best.medianMilliseconds;
}

/// The count of things that went wrong.
int putAndGet(const std::string &folder, int process) {
  ConfigurationStore store(onlyUser(folder));
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    int64_t heads = 1 + (process + round) % keys;
    wrong += !store.put(numbered(heads, process * rounds + round));
    int64_t other = 1 + (process * 3 + round * 5) % keys;
    Lookup found = store.get(sampleKey(other));
    wrong += found.match != Lookup::Match::Hit || found.layer != Layer::User ||
             !isWhole(*found.configuration, other);
  }
  for (const std::string &warning : store.takeWarnings()) {
    std::fprintf(stderr, "%s\n", warning.c_str());
    ++wrong;
  }
  return wrong;
}

} // namespace

TEST_CASE("32 processes, 1,000 puts and gets each") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path()));
  for (int64_t heads = 1; heads <= keys; ++heads)
    REQUIRE(store.put(numbered(heads, 0)));
  std::vector<pid_t> children;
  for (int process = 0; process < processes; ++process) {
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0)
      ::_exit(putAndGet(scratch.path(), process) == 0 ? 0 : 1);
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  // Every entry is whole, and nothing else is left.
  CHECK(scratch.files().size() == keys);
  CHECK(store.all().size() == keys);
  CHECK(store.takeWarnings().empty());
}
