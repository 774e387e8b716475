// A cache folder that is not as it should be: a result still comes back, with one warning.

#include "autotune/ConfigurationStore.h"
#include "tests/autotune/AsUser.h"
#include "tests/autotune/SampleConfiguration.h"
#include "tests/autotune/ScratchFolder.h"

#include <csignal>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace halftone;
using namespace halftone::test;

namespace {

using Complaints = std::vector<std::string>;

/// Puts two results into the cache at `folder`, and says what is wrong unless both come back from
/// memory with exactly one warning, which ends with `warning`.
Complaints oneWarning(const std::string &folder, const std::string &warning) {
  Complaints complaints;
  ConfigurationStore store(onlyUser(folder));
  store.get(sampleKey());
  for (int64_t heads : {40, 24}) {
    if (Status put = store.put(sampleConfiguration(heads)); !put)
      complaints.push_back("put: " + put.error().text());
    Lookup found = store.get(sampleKey(heads));
    if (found.match != Lookup::Match::Hit || found.layer != Layer::Memory)
      complaints.push_back("not found in memory: " + found.text());
  }
  Complaints warnings = store.takeWarnings();
  if (warnings.size() != 1 || !warnings[0].ends_with(warning))
    complaints.push_back("not one warning that ends with: " + warning);
  for (const std::string &text : warnings)
    if (!complaints.empty())
      complaints.push_back("warning: " + text);
  return complaints;
}

void expectOneWarning(const std::string &folder, const std::string &warning) {
  Complaints complaints = oneWarning(folder, warning);
  for (const std::string &complaint : complaints)
    FAIL_CHECK(complaint);
}

/// A scratch folder of the nameless user, with a cache that holds one entry.
struct UsersFolder {
  ScratchFolder scratch;
  UsersFolder() {
    ConfigurationStore store(onlyUser(scratch.path("cache")));
    REQUIRE(store.put(sampleConfiguration(8)));
    if (isRoot())
      for (const std::string &name : {std::string(), std::string("cache"),
                                      std::string("cache/configurations"), scratch.files().front()})
        REQUIRE(::chown(scratch.path(name).c_str(), namelessUser, namelessUser) == 0);
  }
};

constexpr const char *inMemory = "; results are kept in memory only";

} // namespace

TEST_CASE("a user without a name, whose cache is there or not") {
  UsersFolder folder;
  inProcess(namelessUser, [&]() -> Complaints {
    Complaints complaints;
    for (const char *name : {"cache", "new/deeper"}) {
      ConfigurationStore store(onlyUser(folder.scratch.path(name)));
      if (!store.put(sampleConfiguration()) || store.get(sampleKey()).match != Lookup::Match::Hit ||
          store.get(sampleKey()).layer != Layer::User)
        complaints.push_back(std::string("not kept in ") + name);
      for (const std::string &warning : store.takeWarnings())
        complaints.push_back(warning);
    }
    return complaints;
  });
}

TEST_CASE("a folder that may not be written to") {
  UsersFolder folder;
  REQUIRE(::chmod(folder.scratch.path("cache/configurations").c_str(), 0500) == 0);
  inProcess(namelessUser, [&] {
    Complaints complaints =
        oneWarning(folder.scratch.path("cache"), "Permission denied" + std::string(inMemory));
    ConfigurationStore store(onlyUser(folder.scratch.path("cache")));
    if (store.get(sampleKey(8)).match != Lookup::Match::Hit)
      complaints.push_back("what is there is not read");
    return complaints;
  });
}

TEST_CASE("a folder that may not even be made") {
  inProcess(namelessUser, [] { return oneWarning("/no-such-folder/cache", "Permission denied"); });
  expectOneWarning("/proc/no-such-folder", "No such file or directory");
}

TEST_CASE("a file in place of a folder") {
  ScratchFolder scratch;
  scratch.write("cache", "");
  expectOneWarning(scratch.path("cache"), "it is not a folder");
  expectOneWarning(scratch.path("cache") + "/deeper", "it is not a folder");
  scratch.write("other/configurations", "");
  expectOneWarning(scratch.path("other"), "it is not a folder");
}

TEST_CASE("the device is full") {
  ScratchFolder scratch;
  inProcess(0, [&]() -> Complaints {
    // Every file ends after 1,000 bytes: the write fails in the middle, as on a full device.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return oneWarning(scratch.path("cache"), "File too large" + std::string(inMemory));
  });
  CHECK(scratch.files().empty()); // no half file

  if (!isRoot())
    return;
  inProcess(0, [&]() -> Complaints {
    std::string mounted = scratch.path("mounted");
    ::mkdir(mounted.c_str(), 0700);
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", mounted.c_str(), "tmpfs", 0, "size=8k,mode=0700") != 0)
      return {}; // not allowed here: the case above is all there is
    scratch.write("mounted/ballast", std::string(4096, 'x')); // one page is left, for a folder
    scratch.write("mounted/more", std::string(4096, 'x'));
    return oneWarning(mounted + "/cache", "No space left on device" + std::string(inMemory));
  });
}

TEST_CASE("a read-only file system") {
  if (!isRoot())
    return;
  ScratchFolder scratch;
  ConfigurationStore before(onlyUser(scratch.path("cache")));
  REQUIRE(before.put(sampleConfiguration(8)));
  inProcess(0, [&]() -> Complaints {
    std::string path = scratch.path();
    const char *place = path.c_str();
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(place, place, nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(place, place, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      return {};
    Complaints complaints =
        oneWarning(scratch.path("cache"), "Read-only file system" + std::string(inMemory));
    ConfigurationStore store(onlyUser(scratch.path("cache")));
    if (store.get(sampleKey(8)).match != Lookup::Match::Hit)
      complaints.push_back("what is there is not read");
    return complaints;
  });
}

TEST_CASE("folders that others may write to") {
  ScratchFolder scratch;
  for (const char *name : {"parent", "parent/cache", "parent/cache/configurations"})
    REQUIRE(::mkdir(scratch.path(name).c_str(), 0700) == 0);
  std::string cache = scratch.path("parent/cache");
  auto withMode = [&](const char *name, mode_t mode, const char *warning) {
    REQUIRE(::chmod(scratch.path(name).c_str(), mode) == 0);
    expectOneWarning(cache, warning);
    REQUIRE(::chmod(scratch.path(name).c_str(), 0700) == 0);
  };
  withMode("parent", 0777, "others may write to it (mode 0777)");
  withMode("parent/cache", 0777, "others may write to it (mode 0777)");
  withMode("parent/cache", 01777, "others may write to it (mode 1777)");
  withMode("parent/cache/configurations", 0702, "others may write to it (mode 0702)");
  // A sticky folder on the way, as /tmp is, lets no one rename what is ours.
  REQUIRE(::chmod(scratch.path("parent").c_str(), 01777) == 0);
  ConfigurationStore store(onlyUser(cache));
  REQUIRE(store.put(sampleConfiguration()));
  CHECK(store.get(sampleKey()).layer == Layer::User);
  CHECK(store.takeWarnings().empty());
}

TEST_CASE("folders and links of somebody else") {
  if (!isRoot())
    return;
  ScratchFolder scratch;
  for (const char *name : {"foreign", "own", "own/cache"})
    REQUIRE(::mkdir(scratch.path(name).c_str(), 0700) == 0);
  REQUIRE(::chown(scratch.path("foreign").c_str(), 1001, 1001) == 0);
  expectOneWarning(scratch.path("foreign"), "it belongs to user 1001");
  expectOneWarning(scratch.path("foreign/cache"), "it belongs to user 1001");

  REQUIRE(::symlink("own/cache", scratch.path("link").c_str()) == 0);
  REQUIRE(::lchown(scratch.path("link").c_str(), 1001, 1001) == 0);
  expectOneWarning(scratch.path("link"), "it belongs to user 1001");
  // A link of ours is followed, wherever it is on the way.
  REQUIRE(::lchown(scratch.path("link").c_str(), 0, 0) == 0);
  REQUIRE(::symlink("../own", scratch.path("own/up").c_str()) == 0);
  for (std::string path :
       {scratch.path("link"), scratch.path("own/up/cache"), scratch.path("own/../own/./cache//")}) {
    ConfigurationStore store(onlyUser(path));
    REQUIRE(store.put(sampleConfiguration()));
    CHECK(store.get(sampleKey()).layer == Layer::User);
    CHECK(store.takeWarnings().empty());
  }
  REQUIRE(::symlink("loop", scratch.path("loop").c_str()) == 0);
  expectOneWarning(scratch.path("loop"), "a link that leads nowhere");
  // Below the cache's own folder no link is followed.
  REQUIRE(::mkdir(scratch.path("other").c_str(), 0700) == 0);
  REQUIRE(::symlink("../own/cache/configurations", scratch.path("other/configurations").c_str()) ==
          0);
  expectOneWarning(scratch.path("other"), "it is not a folder");
}

TEST_CASE("entries that are not ours alone are a miss with one warning, and are replaced") {
  ScratchFolder scratch;
  std::string cache = scratch.path("cache");
  std::string entry = "cache/configurations/" + sampleKey().hash() + ".json";
  std::string path = scratch.path(entry);
  {
    ConfigurationStore store(onlyUser(cache));
    REQUIRE(store.put(sampleConfiguration()));
  }
  std::string good = scratch.read(entry);
  struct stat facts;
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
  REQUIRE(::stat(scratch.path("cache/configurations").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0700);

  auto spoiled = [&](const char *reason, auto spoil) {
    CAPTURE(reason);
    spoil();
    ConfigurationStore store(onlyUser(cache));
    CHECK(store.get(sampleKey()).match == Lookup::Match::Miss);
    CHECK(store.get(sampleKey()).match == Lookup::Match::Miss);
    std::vector<std::string> warnings = store.takeWarnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0] == "`" + path + "` is not used: " + reason);
    REQUIRE(store.put(sampleConfiguration()));
    CHECK(store.get(sampleKey()).match == Lookup::Match::Hit);
    CHECK(store.takeWarnings().empty());
    REQUIRE(::lstat(path.c_str(), &facts) == 0);
    CHECK(S_ISREG(facts.st_mode));
    CHECK((facts.st_mode & 07777) == 0600);
  };
  spoiled("others may write to it (mode 0666)", [&] { ::chmod(path.c_str(), 0666); });
  scratch.write("elsewhere.json", good);
  spoiled("it is a link", [&] {
    ::unlink(path.c_str());
    REQUIRE(::symlink(scratch.path("elsewhere.json").c_str(), path.c_str()) == 0);
  });
  CHECK(scratch.read("elsewhere.json") == good); // replaced, not written through
  spoiled("it is not a regular file", [&] {
    ::unlink(path.c_str());
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  });
  spoiled("it is larger than 1048576 bytes", [&] {
    scratch.write(entry, good + std::string(1 << 20, ' '));
    ::chmod(path.c_str(), 0600);
  });
  if (isRoot())
    spoiled("it belongs to user 1001", [&] { REQUIRE(::chown(path.c_str(), 1001, 1001) == 0); });
}
