#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// The two kinds of heads that Sparse VideoGen (arXiv 2502.01776) tells apart. Both see all of
/// frame 0 when `sink` is on, and text sees, and is seen by, everything.

/// A spatial head sees the frames at most `frames` away, whole. Four frames of three tokens, with
/// one frame and no sink:
///
///     ### ### ... ...
///     ### ### ### ...        abs(q.frame - k.frame) <= frames
///     ... ### ### ###
///     ... ... ### ###        (a row stands for the three tokens of a frame)
Pattern spatial(const Layout &clip, int64_t frames, bool sink = true);

/// A temporal head sees the places at most `reach` away from its own, in every frame. Three frames
/// of four tokens, with a reach of 1 and no sink:
///
///     ##.. ##.. ##..
///     ###. ###. ###.         abs(q.place - k.place) <= reach
///     .### .### .###
///     ..## ..## ..##         (and so on for the queries of the other frames)
Pattern temporal(const Layout &clip, int64_t reach, bool sink = true);

} // namespace halftone::patterns
