#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace halftone::test {

/// Runs `check` in a process of its own, under user and group `user` where this one is root (user
/// 54321 has no name anywhere), and reports its complaints as failures of this test.
void inProcess(unsigned user, const std::function<std::vector<std::string>()> &check);
inline constexpr unsigned namelessUser = 54321;

/// Whether this process may change owners and users.
bool isRoot();

} // namespace halftone::test
