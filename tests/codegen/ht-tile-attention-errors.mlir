// RUN: halftone-opt %s --ht-tile-attention="tile-k=0" --verify-diagnostics

// expected-error @below {{ht-tile-attention: tile-k is 0; it must be positive}}
module {
  ht.attention @dense {head_dim = 64 : i32, element = f16} mask {} score {}
}
