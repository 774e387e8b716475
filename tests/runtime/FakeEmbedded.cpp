// Images in a program's own data, on the fake driver's GPU, an sm_90.

#include "FakeDevice.h"

#include "runtime/EmbeddedKernel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

using namespace halftone;
using namespace halftone::test;

namespace {

/// Images as a generated source has them.
struct Data {
  explicit Data(const Problem &problem) : problem(problem), text(problem.text()) {}

  void add(Image::Kind kind, const char *target) {
    auto image = sampleImage(problem, kind, target);
    files.push_back(writeImage(*image));
  }
  halftone_embedded embedded() {
    for (const std::vector<char> &file : files)
      images.push_back(
          {reinterpret_cast<const unsigned char *>(file.data()), file.size(), nullptr, nullptr});
    return {"mine", text.c_str(), images.data(), images.size(), nullptr};
  }

  Problem problem;
  std::string text;
  std::vector<std::vector<char>> files;
  std::vector<halftone_embedded_image> images;
};

std::string textOf(halftone_error *error) {
  std::string text = halftone_error_text(error);
  halftone_error_free(error);
  return text;
}

} // namespace

TEST_CASE("code of exactly the architecture is best, then machine code, then PTX") {
  auto image = [](Image::Kind kind, const char *target) {
    auto made = std::make_shared<Image>();
    made->kind = kind;
    made->target = target;
    return std::shared_ptr<const Image>(made);
  };
  std::vector all{image(Image::Kind::Ptx, "sm_90"),    image(Image::Kind::Cubin, "sm_80"),
                  image(Image::Kind::Cubin, "sm_90a"), image(Image::Kind::Cubin, "sm_86"),
                  image(Image::Kind::Ptx, "sm_80"),    image(Image::Kind::Object, "cpu")};
  CHECK(bestImage(all, 90) == all[2]);
  CHECK(bestImage(all, 80) == all[1]);
  CHECK(bestImage(all, 86) == all[3]);
  CHECK(bestImage(all, 87) == all[3]);
  CHECK(bestImage(all, 100) == all[0]);
  CHECK(bestImage(all, 75) == nullptr);
  CHECK(bestImage({}, 90) == nullptr);
}

TEST_CASE("an embedded kernel is loaded once, by whichever thread is first, and given back") {
  gpu();
  FakeDriverState &state = driver();
  Data data(causal(100));
  data.add(Image::Kind::Cubin, "sm_80");
  data.add(Image::Kind::Cubin, "sm_90");
  halftone_embedded embedded = data.embedded();
  int loads = state.moduleLoads;
  size_t launches = state.launches.size();
  halftone_tensor tensor = {memory, 1 << 20, 256, 64};
  std::atomic<int> done{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        // The fake records launches without a lock of its own.
        static std::mutex one;
        halftone_kernel *kernel = nullptr;
        done += halftone_embedded_kernel(&embedded, 0, nullptr, &kernel, nullptr) == HALFTONE_OK;
        std::lock_guard lock(one);
        done += halftone_embedded_launch(&embedded, 0, &tensor, &tensor, &tensor, &tensor, nullptr,
                                         nullptr, nullptr) == HALFTONE_OK;
        halftone_kernel_free(kernel);
      });
  }
  CHECK(done == 16);
  CHECK(state.moduleLoads == loads + 1);
  CHECK(state.launches.size() == launches + 8);

  // Another length: the same code.
  halftone_problem *longer = nullptr;
  std::string text = causal(300).text();
  REQUIRE(halftone_problem_parse(text.data(), text.size(), &longer, nullptr) == HALFTONE_OK);
  halftone_kernel *kernel = nullptr;
  CHECK(halftone_embedded_kernel(&embedded, 0, longer, &kernel, nullptr) == HALFTONE_OK);
  CHECK(state.moduleLoads == loads + 1);
  halftone_embedded_unload(&embedded);
  CHECK(embedded.state == nullptr);
  CHECK(state.liveModules == 1);
  halftone_kernel_free(kernel);
  CHECK(state.liveModules == 0);
  halftone_embedded_unload(&embedded);
  halftone_problem_free(longer);
}

TEST_CASE("an embedded kernel that cannot run says why") {
  gpu();
  Data data(causal(100));
  data.add(Image::Kind::Cubin, "sm_80");
  data.add(Image::Kind::Ptx, "sm_120");
  halftone_embedded embedded = data.embedded();
  halftone_kernel *kernel = nullptr;
  halftone_error *error = nullptr;
  CHECK(halftone_embedded_kernel(&embedded, 0, nullptr, &kernel, &error) == HALFTONE_UNSUPPORTED);
  CHECK(textOf(error) == "mine has no code for GPU 0 (Fake H100, sm_90): it has sm_80, sm_120; "
                         "compile it for sm_90 too");
  CHECK(halftone_embedded_kernel(&embedded, HALFTONE_CPU, nullptr, &kernel, &error) ==
        HALFTONE_UNSUPPORTED);
  CHECK(textOf(error) == "mine has no code for the CPU; compile it for the target cpu too");
  CHECK(halftone_embedded_kernel(&embedded, 5, nullptr, &kernel, &error) == HALFTONE_NO_DEVICE);
  CHECK(textOf(error) == "there is no GPU 5: this machine has 1; GPUs are numbered from 0");
  CHECK(halftone_embedded_kernel(nullptr, 0, nullptr, &kernel, &error) == HALFTONE_MISUSE);
  CHECK(textOf(error) == "the argument 'embedded' is null; pass a valid handle or pointer");
  CHECK(kernel == nullptr);
  halftone_embedded_unload(&embedded);

  data.files[0][40] ^= 1;
  CHECK(halftone_embedded_kernel(&embedded, 0, nullptr, &kernel, &error) == HALFTONE_FILE);
  CHECK(textOf(error).find("its checksum does not match") != std::string::npos);
  halftone_embedded_unload(&embedded);
}
