#include "cli/AtomicFile.h"

#include "tests/cli/ScratchFolder.h"

#include <doctest/doctest.h>

#include <sys/stat.h>

using namespace halftone;
using namespace halftone::cli;

TEST_CASE("a file appears when it is committed, and not before") {
  ScratchFolder scratch;
  auto file = AtomicFile::create(scratch.path("a"));
  REQUIRE(file);
  file->write("hello ");
  file->write("there");
  CHECK_FALSE(std::filesystem::exists(scratch.path("a")));
  REQUIRE(file->commit());
  CHECK(scratch.read("a") == "hello there");
  CHECK(scratch.fileCount() == 1);
}

TEST_CASE("a file that is dropped leaves nothing, and what was there before stays") {
  ScratchFolder scratch;
  scratch.write("old", "old");
  for (const char *name : {"new", "old"}) {
    auto file = AtomicFile::create(scratch.path(name));
    REQUIRE(file);
    file->write("half");
  }
  CHECK(scratch.fileCount() == 1);
  CHECK(scratch.read("old") == "old");
}

TEST_CASE("a symbolic link is followed, not replaced") {
  ScratchFolder scratch;
  scratch.write("real", "old");
  std::filesystem::create_symlink(scratch.path("real"), scratch.path("link"));
  REQUIRE(writeFile(scratch.path("link"), "new"));
  CHECK(std::filesystem::is_symlink(scratch.path("link")));
  CHECK(scratch.read("real") == "new");
}

TEST_CASE("a device is written directly and stays a device") {
  REQUIRE(writeFile("/dev/null", "anything"));
  CHECK(std::filesystem::is_character_file("/dev/null"));
  auto full = writeFile("/dev/full", "anything");
  REQUIRE_FALSE(full);
  CHECK(full.error().code == ErrorCode::File);
  CHECK(full.error().message == "cannot write `/dev/full`: No space left on device");
}

TEST_CASE("places that cannot be written are named with the reason") {
  ScratchFolder scratch;
  auto missing = writeFile(scratch.path("no/such/folder"), "x");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::File);
  CHECK(missing.error().message ==
        "cannot write `" + scratch.path("no/such/folder") + "`: No such file or directory");
  auto folder = writeFile(scratch.path("."), "x");
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message == "cannot write `" + scratch.path(".") + "`: it is a folder");
  CHECK_FALSE(writeFile("", "x"));
}

TEST_CASE("probing changes nothing") {
  ScratchFolder scratch;
  CHECK(AtomicFile::probe(scratch.path("a")));
  CHECK(scratch.fileCount() == 0);
  CHECK_FALSE(AtomicFile::probe(scratch.path("no/such")));
  REQUIRE(::mkfifo(scratch.path("pipe").c_str(), 0600) == 0);
  CHECK(AtomicFile::probe(scratch.path("pipe"))); // would hang if it were opened
}
