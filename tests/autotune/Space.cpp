#include "autotune/Space.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace halftone;

namespace {

Problem small(int64_t headDim, Element element) {
  Layout line = Layout::sequence(1000);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = 2, .headDim = headDim, .element = element})
      .where(abs(q.index() - k.index()) <= 100);
}

Target target(const char *name) { return *Target::parse(name); }

} // namespace

TEST_CASE("a space has the default first, no schedule twice, and only what the target can run") {
  for (auto [name, headDim, element] : {std::tuple("cpu", 64, Element::F32),
                                        {"sm_80", 64, Element::BF16},
                                        {"sm_90", 128, Element::F16},
                                        {"sm_86", 256, Element::BF16}}) {
    CAPTURE(name);
    Problem problem = small(headDim, element);
    Space space = Space::of(problem, target(name));
    REQUIRE(space.schedules().size() > 20);
    CHECK(space.schedules().front() == defaultSchedule(problem, target(name)));
    std::set<std::string> texts;
    for (const Schedule &schedule : space.schedules()) {
      CHECK(texts.insert(schedule.text()).second);
      CHECK(bool(checkSchedule(problem, schedule, target(name))));
    }
    for (const Space::Rejected &rejected : space.rejected()) {
      CHECK(texts.insert(rejected.schedule.text()).second);
      CHECK_FALSE(rejected.rejection.reason.empty());
    }
  }
}

TEST_CASE("an order across frames is a schedule of its own only where a frame has bands") {
  auto across = [](const Layout &layout) {
    Space space = Space::of(attention(layout, {.heads = 1, .headDim = 128}), target("sm_80"));
    return std::ranges::count(space.schedules(), WorkOrder::AcrossFrames, &Schedule::order);
  };
  CHECK(across(Layout::frames(21, 3600)) > 0);
  CHECK(across(Layout::frames(21, 1000)) == 0);
  CHECK(across(Layout::frames(8, 3600)) == 0);
  CHECK(across(Layout::sequence(75'600)) == 0);
}

TEST_CASE("every knob says what it means, and its values rise and hold the default's") {
  for (const char *name : {"cpu", "sm_80", "sm_120"}) {
    Problem problem = small(64, name[0] == 'c' ? Element::F32 : Element::BF16);
    Space space = Space::of(problem, target(name));
    for (const Knob &knob : space.knobs()) {
      CAPTURE(knob.name);
      CHECK(knob.meaning.size() > 10);
      CHECK(std::is_sorted(knob.values.begin(), knob.values.end()));
      int standard = knob.get(space.schedules().front());
      CHECK(std::count(knob.values.begin(), knob.values.end(), standard) == 1);
      Schedule changed;
      knob.set(changed, knob.values.back());
      CHECK(knob.get(changed) == knob.values.back());
      // The name is the field's: what the knob sets reads back from the text.
      CHECK((changed.text() + " ").find(std::string(knob.name) + "=") != std::string::npos);
    }
  }
}

TEST_CASE("neighbours are in the space, differ in one knob, and are mutual") {
  Problem problem = small(128, Element::BF16);
  Space space = Space::of(problem, target("sm_90"));
  size_t count = 0;
  for (const Schedule &schedule : space.schedules()) {
    for (const Schedule &near : space.neighbours(schedule)) {
      ++count;
      CHECK(space.contains(near));
      int differing = 0;
      for (const Knob &knob : space.knobs())
        differing += knob.get(near) != knob.get(schedule);
      CHECK(differing == 1);
      std::vector<Schedule> back = space.neighbours(near);
      CHECK(std::count(back.begin(), back.end(), schedule) == 1);
    }
  }
  CHECK(count > space.schedules().size() * 2);
}
