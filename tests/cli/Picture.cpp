#include "cli/Picture.h"

#include <doctest/doctest.h>
#include <zlib.h>

using namespace halftone;
using namespace halftone::cli;

namespace {

/// Three query blocks, ten key blocks: the first two, none, and the first, the fifth and the last.
BlockMask small() {
  return {.block = 64,
          .queryBlocks = 3,
          .keyBlocks = 10,
          .rowStart = {0, 1, 1, 4},
          .runs = {{0, 2}, {0, 1}, {4, 5}, {9, 10}}};
}

BlockMask dense(int64_t blocks) {
  BlockMask mask{
      .block = 64, .queryBlocks = blocks, .keyBlocks = blocks, .rowStart = {0}, .runs = {}};
  for (int64_t row = 0; row < blocks; ++row) {
    mask.runs.push_back({0, uint32_t(blocks)});
    mask.rowStart.push_back(uint32_t(row + 1));
  }
  return mask;
}

/// Collects what is written, and the size of the largest piece.
struct Collected {
  std::string bytes;
  size_t largest = 0;
  Sink sink() {
    return [this](std::string_view piece) {
      bytes += piece;
      largest = std::max(largest, piece.size());
    };
  }
};

uint32_t bigEndian(const std::string &bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value = value << 8 | uint8_t(bytes[at + i]);
  return value;
}

} // namespace

TEST_CASE("PBM: header, rows of whole bytes, most significant bit first") {
  Collected out;
  writePbm(small(), out.sink());
  CHECK(out.bytes == std::string("P4\n10 3\n\xc0\x00\x00\x00\x88\x40", 14));
}

TEST_CASE("PNG: checked chunks, and pixels that zlib gives back") {
  Collected out;
  REQUIRE(writePng(small(), 2, out.sink()));
  const std::string &png = out.bytes;
  REQUIRE(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  std::string data;
  size_t at = 8;
  for (std::string type; type != "IEND"; at += 12 + bigEndian(png, at)) {
    uint32_t size = bigEndian(png, at);
    type = png.substr(at + 4, 4);
    CHECK(bigEndian(png, at + 8 + size) ==
          ::crc32(0, reinterpret_cast<const Bytef *>(png.data() + at + 4), 4 + size));
    if (type == "IHDR") {
      CHECK(bigEndian(png, at + 8) == 20);
      CHECK(bigEndian(png, at + 12) == 6);
    } else if (type == "IDAT") {
      data += png.substr(at + 8, size);
    }
  }
  CHECK(at == png.size());
  std::string pixels(100, '\0');
  uLongf size = pixels.size();
  REQUIRE(::uncompress(reinterpret_cast<Bytef *>(pixels.data()), &size,
                       reinterpret_cast<const Bytef *>(data.data()), data.size()) == Z_OK);
  // Black is 0. A row: filter byte, then 20 pixels in 3 bytes.
  std::string first("\x00\x0f\xff\xff", 4), empty("\x00\xff\xff\xff", 4),
      last("\x00\x3f\x3f\xcf", 4);
  CHECK(pixels.substr(0, size) == first + first + empty + empty + last + last);
}

TEST_CASE("PNG: small masks are drawn large, large ones a pixel a block") {
  CHECK(pngPixels(small()) == 52);
  CHECK(pngPixels(dense(512)) == 1);
  CHECK(pngPixels(dense(513)) == 1);
}

TEST_CASE("SVG: a rectangle for each run, and an escaped title") {
  Collected out;
  writeSvg(small(), "k.index <= 3 & true", out.sink());
  CHECK(out.bytes.find("viewBox=\"0 0 10 3\"") != std::string::npos);
  CHECK(out.bytes.find("<title>k.index &lt;= 3 &amp; true</title>") != std::string::npos);
  CHECK(out.bytes.find("d=\"\nM0 0h2v1h-2z\nM0 2h1v1h-1zM4 2h1v1h-1zM9 2h1v1h-1z\n\"") !=
        std::string::npos);
}

TEST_CASE("pictures of large masks are written row by row") {
  Collected pbm, png, svg;
  writePbm(dense(4000), pbm.sink());
  CHECK(pbm.bytes.size() == 13 + 4000 * 500);
  CHECK(pbm.largest == 500);
  REQUIRE(writePng(dense(4000), 1, png.sink()));
  CHECK(png.largest <= 1 << 16);
  writeSvg(dense(4000), "", svg.sink());
  CHECK(svg.largest < 500);
}

TEST_CASE("text: a mask that fits is exact, two blocks to a character") {
  CHECK(textPicture(small(), 80, false) == "┌──────────┐\n"
                                           "│▀▀        │\n"
                                           "│▀   ▀    ▀│\n"
                                           "└──────────┘\n");
}

TEST_CASE("text: a larger mask is shaded by density") {
  // The left half is full, the right half has one block of 8 in each row.
  BlockMask mask{.block = 64, .queryBlocks = 32, .keyBlocks = 32, .rowStart = {0}, .runs = {}};
  for (uint32_t row = 0; row < 32; ++row) {
    mask.runs.push_back({0, 16});
    mask.runs.push_back({16 + row % 8, 17 + row % 8});
    mask.rowStart.push_back(2 * (row + 1));
  }
  CHECK(textPicture(mask, 10, false) == "┌────────┐\n"
                                        "│████··  │\n"
                                        "│████··  │\n"
                                        "│████··  │\n"
                                        "│████··  │\n"
                                        "└────────┘\n");
  std::string grey = textPicture(mask, 10, true);
  CHECK(grey.find("\x1b[38;5;255;48;5;255m▀") != std::string::npos);
  CHECK(grey.find("\x1b[0m│\n") != std::string::npos);
  CHECK(textPicture(mask, 10, false).find('\x1b') == std::string::npos);
}
