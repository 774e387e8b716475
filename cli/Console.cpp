#include "cli/Console.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

namespace halftone::cli {
namespace {

/// The part of one line of text around `column` (counted from 1), and a caret under that.
std::string caretBelow(std::string text, size_t column) {
  constexpr size_t before = 60, shown = 100;
  std::replace(text.begin(), text.end(), '\n', ' ');
  column = std::min(column, text.size() + 1);
  size_t begin = column > before ? column - 1 - before : 0;
  return fmt::format("  {}\n  {:>{}}", text.substr(begin, shown), "^", column - begin);
}

} // namespace

void Console::raw(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
    outputFailed = true;
}

void Console::noteLine(const std::string &text) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", text.c_str());
}

int Console::finish(int exitCode) {
  if (json && !document.is_null())
    raw(document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  if (std::fflush(stdout) != 0 || outputFailed) {
    noteLine(fmt::format("{}: error: cannot write to standard output: {}", command,
                         std::strerror(errno)));
    return int(ErrorCode::File);
  }
  return exitCode;
}

int Console::fail(const Error &error) {
  noteLine(fmt::format("{}: error: {}", command, error.text()));
  if (!source.empty() && error.where.line == 0 && error.where.column > 0)
    noteLine(caretBelow(source, error.where.column));
  document = {{"error",
               {{"code", int(error.code)},
                {"name", errorCodeName(error.code)},
                {"message", error.message},
                {"where", error.where.text()},
                {"fix", error.fix}}}};
  return finish(int(error.code));
}

bool Console::colour() {
  const char *off = std::getenv("NO_COLOR");
  const char *terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) && !(off && *off) && !(terminal && !std::strcmp(terminal, "dumb"));
}

int Console::columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

std::string_view errorCodeName(ErrorCode code) {
  switch (code) {
  case ErrorCode::ResultFailed:
    return "result failed";
  case ErrorCode::Misuse:
    return "misuse";
  case ErrorCode::Unsupported:
    return "unsupported";
  case ErrorCode::NoDevice:
    return "no device";
  case ErrorCode::CompileFailed:
    return "compilation failed";
  case ErrorCode::NoCandidate:
    return "no candidate";
  case ErrorCode::File:
    return "file";
  case ErrorCode::Internal:
    return "internal";
  }
  return "internal";
}

} // namespace halftone::cli
