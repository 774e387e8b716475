#pragma once

#include "dsl/Expr.h"

#include <utility>
#include <vector>

namespace halftone {

/// The order of tokens inside a frame. Patterns are written in coordinates, so an order changes
/// where a token lies in memory and never what a pattern means.
enum class TokenOrder : uint8_t { RowMajor };

/// One token of a pair, for writing patterns.
struct Token {
  Side side = Side::Query;
  Expr index(Expr::Location at = Expr::Location::current()) const;
  Expr frame(Expr::Location at = Expr::Location::current()) const;
  Expr place(Expr::Location at = Expr::Location::current()) const;
  Expr row(Expr::Location at = Expr::Location::current()) const;
  Expr column(Expr::Location at = Expr::Location::current()) const;
  Expr segment(Expr::Location at = Expr::Location::current()) const;
  Pattern isText(Expr::Location at = Expr::Location::current()) const;
};

struct VideoShape {
  int64_t frames = 1; ///< F, latent frames
  int64_t height = 1; ///< H, token rows of a frame
  int64_t width = 1;  ///< W, token columns of a frame; T = H * W
  int64_t text = 0;   ///< X, text tokens after the video
  TokenOrder order = TokenOrder::RowMajor;
};

/// How positions are laid out: F frames of T = H * W tokens each, frame by frame, then X text
/// tokens; or a plain sequence (one frame of S tokens, H = 1); or packed segments (documents).
///
/// Coordinates of token n: index n; frame n / T; place n mod T; row place / W; column place mod W;
/// segment: number of the segment it is in (0 outside packed layouts). For a text token frame is F,
/// place and column count from the first text token, and row is 0.
class Layout {
public:
  static Layout video(VideoShape shape);
  /// A video of which only the tokens of a frame are known: H = 1, W = tokensPerFrame.
  static Layout frames(int64_t frames, int64_t tokensPerFrame, int64_t text = 0);
  static Layout sequence(int64_t tokens);
  /// Segments of the given lengths, one after another.
  static Layout packed(std::vector<int64_t> lengths);

  /// Query and key token, for writing patterns: auto [q, k] = layout.tokens();
  std::pair<Token, Token> tokens() const { return {Token{Side::Query}, Token{Side::Key}}; }

  /// Sizes must be positive (text: not negative) and the token count below 2^31.
  Status check() const;

  int64_t tokenCount() const; ///< S = F * T + X
  int64_t frameCount() const { return shape.frames; }
  int64_t tokensPerFrame() const; ///< T = H * W
  int64_t height() const { return shape.height; }
  int64_t width() const { return shape.width; }
  int64_t textTokens() const { return shape.text; }
  bool isPacked() const { return !segmentLengths.empty(); }
  const std::vector<int64_t> &segments() const { return segmentLengths; }

  /// A coordinate of token `index`; IsText is 0 or 1.
  int64_t coordinate(Coordinate which, int64_t index) const;

  /// "video(frames=21, height=45, width=80, text=0)", "sequence(1024)", "packed(128, 256)".
  std::string text() const;
  bool operator==(const Layout &other) const;

private:
  VideoShape shape;
  std::vector<int64_t> segmentLengths;
  std::vector<int64_t> segmentEnds; ///< running sums of segmentLengths
};

} // namespace halftone
