#pragma once

#include "autotune/GuardedBuffer.h"
#include "autotune/RandomValues.h"
#include "dsl/Reference.h"
#include "runtime/Kernel.h"

#include <optional>

namespace halftone {

/// The tensors of one problem on a device, each between guards, token-major, and what is known of
/// the right answer. Every kernel must pass here before its time counts:
///
/// * output and log-sum-exp, filled with NaN before, match the fp64 reference in sampled rows of
///   the first, a middle and the last head, and hold a number in sampled tokens of all heads (in
///   all of them where the look is thorough);
/// * the guards around every buffer are intact;
/// * with NaN in every key that no query of a window attends to, in every value that no query
///   attends to (huge numbers in those that only queries outside the window do), and in all heads
///   but the sampled ones, the sampled rows of that window stay as they were.
class Workbench {
public:
  static Result<Workbench> make(const Problem &problem, const Device &device, uint64_t seed);

  Status launch(const Kernel &kernel, void *stream) const;

  struct Finding {
    enum class Kind : uint8_t { WrongResult, Overwrites, ReadsUnattended } kind;
    std::string text; ///< one sentence
  };
  /// What is wrong with a kernel; nothing where it is right. An error where it cannot be launched.
  Result<std::optional<Finding>> verify(const Kernel &kernel, bool thorough);

  /// Bytes of the queries and the outputs, which every kernel touches.
  double touchedBytes() const { return double(q.bytes()) + double(o.bytes()); }
  /// Bytes of all four tensors.
  double tensorBytes() const { return touchedBytes() + double(k.bytes()) + double(v.bytes()); }

private:
  static constexpr unsigned char notANumber = 0xff; ///< all ones: a NaN in every element type
  /// The sampled rows of one head.
  struct HeadSample {
    int64_t batch = 0, head = 0, kvHead = 0;
    std::vector<int64_t> rows;
    size_t windowBegin = 0; ///< from here on rows lie in the middle of the window
    std::vector<ReferenceRow> right;
    double greatestValue = 0;
  };
  /// The inputs of one head, in memory that the next one uses again.
  struct OneHead {
    std::vector<double> q, k, v;
  };
  struct Row {
    std::vector<double> output;
    double lse = 0;
  };

  Workbench(const Problem &problem, const Device &device);
  void sample(uint64_t seed);
  void solve(HeadSample &head, const RandomValues &qs, const RandomValues &ks,
             const RandomValues &vs, OneHead &one) const;
  Status fillInputs(const RandomValues &qs, const RandomValues &ks, const RandomValues &vs);
  Status poison(const GuardedBuffer &buffer, const RandomValues &values, bool isValues) const;
  std::vector<bool> attended(int64_t batch, int64_t kvHead, int64_t firstQuery,
                             int64_t lastQuery) const;
  Status run(const Kernel &kernel, const GuardedBuffer &keys, const GuardedBuffer &values);
  Result<Row> download(int64_t batch, int64_t head, int64_t row) const;
  Result<std::optional<Finding>> compare() const;
  Result<std::optional<Finding>> comparePoisoned() const;
  std::optional<std::string> differs(const HeadSample &head, size_t at, const Row &row) const;
  Result<std::optional<Finding>> findGaps(bool thorough) const;
  Result<std::optional<Finding>> findOverwritten() const;
  int64_t queries() const { return problem.query().tokenCount(); }
  int64_t keys() const { return problem.key().tokenCount(); }

  Problem problem;
  Device device;
  GuardedBuffer q, k, v, o, lse;
  GuardedBuffer poisonedK, poisonedV;
  int64_t windowFirst = 0, windowLast = 0; ///< query rows
  std::vector<HeadSample> heads;
  std::vector<int64_t> spotTokens; ///< [batch * queries]
};

} // namespace halftone
