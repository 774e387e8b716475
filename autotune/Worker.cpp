#include "autotune/Worker.h"

#include "autotune/WorkerMessages.h"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace halftone {

namespace {

/// Lines from a thread that only reads.
class Questions {
public:
  Questions() {
    std::thread([this] { read(); }).detach();
  }

  std::string next() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [&] { return !lines.empty(); });
    std::string line = std::move(lines.front());
    lines.pop_front();
    return line;
  }

private:
  [[noreturn]] static void end() {
    // A group of its own is what WorkerProcess gives; another one is not ours to kill.
    if (::getpgrp() == ::getpid())
      ::kill(0, SIGKILL);
    ::_exit(0);
  }

  void read() {
    std::string pending;
    char bytes[4096];
    while (true) {
      ssize_t count = ::read(STDIN_FILENO, bytes, sizeof(bytes));
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        end();
      pending.append(bytes, size_t(count));
      for (size_t newline; (newline = pending.find('\n')) != std::string::npos;) {
        std::lock_guard lock(mutex);
        lines.push_back(pending.substr(0, newline));
        pending.erase(0, newline + 1);
        arrived.notify_one();
      }
    }
  }

  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<std::string> lines;
};

void answer(std::string line) {
  line += '\n';
  for (size_t sent = 0; sent < line.size();) {
    ssize_t count = ::send(STDIN_FILENO, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return; // the reading thread ends the process
    sent += size_t(count);
  }
}

} // namespace

void serveAsWorker(Backend &backend) {
  // A crash is an answer; a dump of gigabytes of tensors is not wanted with it.
  ::prctl(PR_SET_DUMPABLE, 0);
  auto *questions = new Questions; // its thread ends with the process
  while (true) {
    std::optional<Question> question = readQuestion(questions->next());
    if (!question)
      ::_exit(2);
    switch (question->kind) {
    case Question::Kind::Open:
      answer(writeAnswer(question->number, backend.open(question->task)));
      break;
    case Question::Kind::Compile:
      answer(writeAnswer(question->number,
                         backend.compile(question->order.schedule, question->order.image)));
      break;
    case Question::Kind::Measure:
      answer(writeAnswer(question->number, backend.measure(question->order)));
      break;
    }
  }
}

} // namespace halftone
