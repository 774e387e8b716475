#pragma once

#include "dsl/Error.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// What identifies a tuning result: everything that may make another schedule the fastest. Two keys
/// are the same exactly when all fields are; a field that were missing here would silently give one
/// problem the schedule of another.
///
/// What only explains a time (the GPU's name, its driver and clocks) is recorded in the
/// Configuration and is not a part of the key: the same silicon is sold under several names.
struct Key {
  // What is computed.
  std::string pattern;    ///< SHA-256 of the pattern's canonical text
  std::string score;      ///< "plain", or "softcap", "bias(<distance>)" joined by blanks
  std::string queryShape; ///< bucket of the query layout: shapeBucket()
  std::string keyShape;   ///< bucket of the key layout
  int64_t batch = 1;
  int64_t heads = 1;
  int64_t kvHeads = 1;
  int64_t headDim = 64;
  std::string element; ///< "f32", "f16", "bf16"
  bool lse = false;
  std::string strides; ///< class of the tensors' memory order: stridesName()

  // What turns a schedule into machine code.
  int64_t schema = 1;  ///< meaning of these fields and of a schedule's: schemaVersion
  std::string codegen; ///< version of our code generation
  std::string llvm;    ///< "22.1.8"
  std::string ptxas;   ///< "13.0.88"; "none" on the CPU; "driver 13000" where the driver assembles
  std::string target;  ///< what code is generated for: "sm_90" and "sm_90a" are two

  // What it runs on.
  std::string architecture;    ///< of the device itself: "sm_121" may run code for "sm_120"
  int64_t multiprocessors = 0; ///< of a GPU; threads of a CPU
  int64_t sharedBytes = 0;     ///< that a block may have
  int64_t l2Bytes = 0;

  std::string policy; ///< how times are taken: one line, such as "l2=flushed launch=stream"

  bool operator==(const Key &) const = default;

  /// One "name value" a line, in the order above, under the line "halftone-tuning-key": what
  /// hash() is the SHA-256 of.
  std::string text() const;
  std::string hash() const;
};

inline constexpr int64_t schemaVersion = 1;

/// A field of the key by name, its value as text.
struct KeyField {
  std::string_view name;
  std::string value;
};
std::vector<KeyField> keyFields(const Key &key);

/// Calls one of the two for each field, in order, with its name and the field itself: how readers
/// and writers of keys stay complete.
struct KeyVisitor {
  std::function<void(std::string_view, std::string &)> text;
  std::function<void(std::string_view, int64_t &)> number;
  std::function<void(std::string_view, bool &)> flag;
};
void visitKey(Key &key, const KeyVisitor &visitor);

/// A field in which two keys differ.
struct KeyDifference {
  std::string_view field;
  std::string wanted, found;
  /// "heads is 40 here and 24 there"
  std::string text() const;
};
std::vector<KeyDifference> differences(const Key &wanted, const Key &found);

/// How far the result of `found` is from one for `wanted`, or infinity where its schedule may not
/// be used at all: another pattern, score, element, head dim, schema, target or architecture. Sizes
/// count by their ratio (1 for a factor of two), other fields by 1 each; the policy by 4.
double distance(const Key &wanted, const Key &found);

} // namespace halftone
