// The tuner killed at random moments, then resumed.

#include "tests/autotune/FakeLandscape.h"
#include "tests/autotune/TuneFolder.h"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

using namespace halftone;
using namespace halftone::test;

namespace {

/// tune_program on a folder; its standard output goes to FOLDER/out.
pid_t startTuner(const TuneFolder &folder, bool resume) {
  std::string program = TUNE_PROGRAM, path = folder.path(), out = folder.path("out");
  std::string word = resume ? "resume" : "fresh";
  char *arguments[] = {program.data(), path.data(), word.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t process = -1;
  REQUIRE(::posix_spawn(&process, program.c_str(), &actions, nullptr, arguments, environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  return process;
}

/// Its exit code; 1000 where it was killed.
int waitFor(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0)
    ;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

void waitForLines(const TuneFolder &folder, size_t count) {
  for (int i = 0; i < 2000 && folder.lines("log").size() < count; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::map<std::string, int> countLines(const TuneFolder &folder) {
  std::map<std::string, int> counts;
  for (const std::string &line : folder.lines("log"))
    ++counts[line];
  return counts;
}

} // namespace

TEST_CASE("killed at random moments and resumed, a search measures at most one candidate again a "
          "kill, and ends as if nothing had been") {
  TuneFolder undisturbed;
  REQUIRE(waitFor(startTuner(undisturbed, false)) == 0);
  std::map<std::string, int> expected = countLines(undisturbed);

  std::mt19937 random(20); // NOLINT(bugprone-random-generator-seed): the same moments each time
  // In as many searches as it takes: HALFTONE_TEST_KILLS=100 for a longer look than at every build.
  const char *asked = std::getenv("HALFTONE_TEST_KILLS");
  const int wanted = asked ? std::atoi(asked) : 15;
  int kills = 0;
  for (int search = 0; kills < wanted && search < wanted; ++search) {
    TuneFolder folder;
    bool isDone = false;
    int killsHere = 0;
    size_t recorded = 0;
    while (!isDone) {
      pid_t tuner = startTuner(folder, killsHere > 0);
      // Somewhere in its start, or after some trials: a slow machine must get on too.
      if (killsHere > 0)
        waitForLines(folder, folder.lines("log").size() + 2 + random() % 15);
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
      bool isKilled = killsHere < 6 && ::kill(tuner, SIGKILL) == 0;
      int code = waitFor(tuner);
      isKilled &= code == 1000;
      killsHere += isKilled;
      isDone = !isKilled;
      if (isDone)
        REQUIRE(code == 0);
      // Workers go with the tuner, however it goes.
      REQUIRE(folder.processesLeft() == std::vector<int>());
      // The journal is readable, and nothing that was in it is lost.
      size_t outcomes = 0;
      for (const std::string &line : folder.lines("journal"))
        outcomes += line.starts_with("{\"trial\"");
      CHECK(outcomes >= recorded);
      recorded = outcomes;
    }
    kills += killsHere;
    int again = 0;
    std::map<std::string, int> counts = countLines(folder);
    for (const auto &[line, count] : counts) {
      CHECK(expected.contains(line));
      again += count - expected[line];
    }
    CHECK(counts.size() == expected.size());
    CHECK(again <= killsHere);
    CHECK(folder.read("out") == undisturbed.read("out"));
    CHECK(folder.read("out").starts_with(fakeSummit));
    CHECK_FALSE(std::filesystem::exists(folder.path("journal.work")));
  }
  CHECK(kills >= wanted);
}
