#include "tests/gpu/FaultyKernels.h"

#include <map>

namespace halftone::test {

namespace {

/// Runs on every GPU that Halftone does; the driver compiles it on loading.
std::string kernel(const std::string &declarations, const std::string &body) {
  return ".version 7.0\n.target sm_80\n.address_size 64\n" + declarations +
         ".visible .entry faulty(.param .align 8 .b8 arguments[256])\n{\n"
         "  .reg .pred %p;\n  .reg .b32 %r<3>;\n  .reg .b64 %rd<4>;\n" +
         body + "  ret;\n}\n";
}

/// The device's part of assert() in CUDA C++.
constexpr const char *assertion =
    ".extern .func __assertfail(.param .b64 message, .param .b64 file, .param .b32 line,\n"
    "  .param .b64 function, .param .b64 size);\n"
    ".global .align 1 .b8 text[6] = {105, 32, 60, 32, 110, 0};\n";
constexpr const char *callAssertion = R"(  cvta.global.u64 %rd1, text;
  {
    .param .b64 message;
    .param .b64 file;
    .param .b32 line;
    .param .b64 function;
    .param .b64 size;
    st.param.b64 [message], %rd1;
    st.param.b64 [file], %rd1;
    st.param.b32 [line], 1;
    st.param.b64 [function], %rd1;
    st.param.b64 [size], 1;
    call.uni __assertfail, (message, file, line, function, size);
  }
)";

} // namespace

std::string faultyKernel(const std::string &fault) {
  // KernelArguments: q's data at 0, o's at 96 (runtime/Arguments.h).
  static const std::map<std::string, std::string> kernels = {
      {"wrong", kernel("", "")}, // the output stays as it was
      {"overwrites", kernel("", "  ld.param.u64 %rd1, [arguments+96];\n"
                                "  st.global.u32 [%rd1+-64], 7;\n")},
      {"hangs", kernel("", "  ld.param.u64 %rd1, [arguments+96];\n"
                           "again:\n"
                           "  ld.volatile.global.u32 %r1, [%rd1];\n"
                           "  setp.ne.u32 %p, %r1, 0x12345678;\n"
                           "  @%p bra again;\n")},
      {"illegal-address", kernel("", "  mov.u64 %rd1, 16;\n  st.global.u32 [%rd1], 7;\n")},
      {"misaligned", kernel("", "  ld.param.u64 %rd1, [arguments+96];\n"
                                "  st.global.u32 [%rd1+2], 7;\n")},
      {"asserts", kernel(assertion, callAssertion)},
      {"traps", kernel("", "  trap;\n")},
      {"no-ptx", kernel("", "  this.is no instruction;\n")},
  };
  auto found = kernels.find(fault);
  return found == kernels.end() ? std::string() : found->second;
}

} // namespace halftone::test
