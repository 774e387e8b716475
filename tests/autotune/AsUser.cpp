#include "tests/autotune/AsUser.h"

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

namespace halftone::test {

bool isRoot() { return ::geteuid() == 0; }

void inProcess(unsigned user, const std::function<std::vector<std::string>()> &check) {
  int channel[2];
  REQUIRE(::pipe(channel) == 0);
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(channel[0]);
    std::string report;
    if (isRoot() && user != 0 &&
        (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
         ::setresuid(user, user, user) != 0))
      report = "cannot become another user\n";
    else
      for (const std::string &complaint : check())
        report += complaint + "\n";
    ssize_t written = ::write(channel[1], report.data(), report.size());
    ::_exit(written == ssize_t(report.size()) ? 0 : 1);
  }
  ::close(channel[1]);
  std::string report;
  char block[4096];
  for (ssize_t count; (count = ::read(channel[0], block, sizeof(block))) > 0;)
    report.append(block, size_t(count));
  ::close(channel[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(report == "");
}

} // namespace halftone::test
