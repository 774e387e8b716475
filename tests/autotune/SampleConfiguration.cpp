#include "tests/autotune/SampleConfiguration.h"

namespace halftone::test {

Key sampleKey(int64_t heads) {
  Key key;
  key.pattern = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  key.score = "plain";
  key.queryShape = "frames=20 tokensPerFrame=3584 text=0";
  key.keyShape = "frames=20 tokensPerFrame=3584 text=0";
  key.batch = 1;
  key.heads = heads;
  key.kvHeads = heads;
  key.headDim = 128;
  key.element = "bf16";
  key.lse = false;
  key.strides = "tokenMajor";
  key.schema = 1;
  key.codegen = "0.1.0.1";
  key.llvm = "22.1.8";
  key.ptxas = "13.0.88";
  key.target = "sm_90a";
  key.architecture = "sm_90";
  key.multiprocessors = 132;
  key.sharedBytes = 232448;
  key.l2Bytes = 52428800;
  key.policy = "l2=warm launch=stream";
  return key;
}

Configuration sampleConfiguration(int64_t heads) {
  Configuration result;
  result.key = sampleKey(heads);
  result.problem = "attention query=video(frames=21, height=45, width=80, text=0) heads=" +
                   std::to_string(heads) + " head_dim=128";
  result.best = {{.tileQ = 128, .tileK = 128, .stages = 2, .gather = 64}, 52.125, 0.25};
  result.runnersUp = {{{.tileQ = 128, .tileK = 96}, 53.5, 0.125}, {{.tileQ = 64}, 61.1, 0}};
  result.defaultScheduleMilliseconds = 58.3;
  result.device = "NVIDIA H200";
  result.driver = "13.0";
  result.smClockMHz = 1980;
  result.memoryClockMHz = 3201;
  result.timings = 40;
  result.when = "2026-11-24T18:45:00Z";
  return result;
}

CacheLocation onlyUser(std::string userFolder) {
  CacheLocation location;
  location.userFolder = std::move(userFolder);
  return location;
}

} // namespace halftone::test
