#pragma once

#include "autotune/Trial.h"

namespace halftone {

/// How long each device takes for the default. A time is only ever compared with one of another
/// device as a multiple of the default's there.
class DevicePaces {
public:
  explicit DevicePaces(size_t devices) : paces(devices) {}

  size_t devices() const { return paces.size(); }
  /// Takes the default's outcome on a device; one that is not timed says nothing.
  void set(size_t device, const Outcome &outcome);
  bool isKnown(size_t device) const { return paces[device].milliseconds > 0; }
  bool isAnyKnown() const { return mean > 0; }
  /// What a time on the device with that ordinal is times, to be compared with those of others.
  double scaleOf(int ordinal) const;
  /// How long each device takes for what takes 1 on all together; 1 where that is not known.
  std::vector<double> relative() const;

private:
  struct Pace {
    int ordinal = -1;
    double milliseconds = 0; ///< 0: unknown
  };
  std::vector<Pace> paces; ///< by device
  double mean = 0;         ///< the geometric one, over the devices that have a pace
};

} // namespace halftone
