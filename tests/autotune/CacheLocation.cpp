#include "autotune/CacheLocation.h"

#include <doctest/doctest.h>

using namespace halftone;

TEST_CASE("the user's folder: our own variable, then XDG's, then HOME") {
  CHECK(CacheLocation::find({"/a/b", "/xdg", "/home/me"}).userFolder == "/a/b");
  CHECK(CacheLocation::find({"", "/xdg", "/home/me"}).userFolder == "/xdg/halftone");
  CHECK(CacheLocation::find({"", "", "/home/me"}).userFolder == "/home/me/.cache/halftone");
  // XDG says that relative paths are to be ignored.
  CHECK(CacheLocation::find({"", "xdg", "/home/me"}).userFolder == "/home/me/.cache/halftone");
  for (const CacheEnvironment &environment :
       {CacheEnvironment{"/a", "", ""}, CacheEnvironment{"", "/a", ""},
        CacheEnvironment{"", "", "/a"}})
    CHECK(CacheLocation::find(environment).whyNoFolder.empty());
}

TEST_CASE("no folder: nothing is kept on disk, and the reason is said") {
  CacheLocation none = CacheLocation::find({"", "", ""});
  CHECK(none.userFolder.empty());
  CHECK(none.whyNoFolder ==
        "neither HALFTONE_CACHE_DIR nor XDG_CACHE_HOME nor HOME names a folder: "
        "nothing is kept on disk; set HALFTONE_CACHE_DIR");
  CHECK(CacheLocation::find({"", "relative", "relative"}).userFolder.empty());

  CacheLocation relative = CacheLocation::find({"cache", "/xdg", "/home/me"});
  CHECK(relative.userFolder.empty());
  CHECK(relative.whyNoFolder ==
        "HALFTONE_CACHE_DIR is `cache`, which depends on the current directory: "
        "nothing is kept on disk; give an absolute path");
}

TEST_CASE("the layers below are always named") {
  CacheLocation location = CacheLocation::find({"", "", ""});
  CHECK(location.systemFolder == "/etc/halftone/tuned");
  CHECK(location.shippedFolder.ends_with("share/halftone/tuned"));
  CHECK(location.explicitFile.empty());
}
