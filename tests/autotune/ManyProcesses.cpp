// 32 processes put and get the same keys at once, without a lock: no error, no torn read; and
// writers that are killed.

#include "autotune/ConfigurationStore.h"
#include "tests/autotune/SampleConfiguration.h"
#include "tests/autotune/ScratchFolder.h"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <random>
#include <thread>

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

TEST_CASE("writers that are killed leave whole entries") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path()));
  for (int64_t heads = 1; heads <= keys; ++heads)
    REQUIRE(store.put(numbered(heads, 0)));
  std::mt19937 random(20261124);
  for (int kills = 0; kills < 50; ++kills) {
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ConfigurationStore writer(onlyUser(scratch.path()));
      for (int number = kills;; ++number)
        if (!writer.put(numbered(1 + number % keys, number)))
          ::_exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
  }
  for (const ConfigurationStore::Stored &stored : store.all())
    CHECK(isWhole(stored.configuration, stored.configuration.key.heads));
  CHECK(store.all().size() == keys);
  CHECK(store.takeWarnings().empty());
  // What they were writing is removed, an hour later.
  for (const std::string &name : scratch.files())
    std::filesystem::last_write_time(
        scratch.path(name), std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  Result<size_t> damaged = store.removeDamaged();
  REQUIRE(damaged);
  CHECK(*damaged == 0);
  CHECK(scratch.files().size() == keys);
}
