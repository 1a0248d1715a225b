;; C (M, N) [+]= A (M, K) B (K, N) in float32, 4 x 8 results at a time. Fixed-width SIMD: no threads, no relaxed ops.
;;
;; A and B arrive as panels: four rows of A, or four columns of B, interleaved along k, so that one k of a panel is
;; one vector. M, N and K may be any: the rest of the last panels may hold anything, for it only reaches results that
;; are thrown away. Packing may read up to three lines past its source and write three vectors past its last panel.
;; Not here: blocking, which keeps everything inside the fixed memory, and where its regions lie (matmulWasm.ts).
(module
  (memory (export "memory") 22) ;; 1.4 MiB, never grows; `multiply` uses the first 128 bytes

  ;; Packs lines that run across the panels: line k holds k of every panel, element (k, i) at source + 4 (k length + i).
  (func (export "packAcross") (param $source i32) (param $length i32) (param $K i32) (param $panel i32)
    (local $lineBytes i32) (local $i i32) (local $k i32) (local $from i32) (local $to i32)
    (local.set $lineBytes (i32.shl (local.get $length) (i32.const 2)))
    (loop $panels
      (local.set $from (i32.add (local.get $source) (i32.shl (local.get $i) (i32.const 2))))
      (local.set $to (local.get $panel))
      (local.set $k (i32.const 0))
      (loop $lines
        (v128.store (local.get $to) (v128.load align=4 (local.get $from)))
        (local.set $from (i32.add (local.get $from) (local.get $lineBytes)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br_if $lines (i32.lt_u (local.get $k) (local.get $K))))
      (local.set $panel (i32.add (local.get $panel) (i32.shl (local.get $K) (i32.const 4))))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $panels (i32.lt_u (local.get $i) (local.get $length)))))

  ;; Packs lines that run along k: four lines make a panel, element (i, k) at source + 4 (i K + k).
  ;; 4 x 4 elements are transposed at a time: p q r s are four lines, t u their interleaved pairs.
  (func (export "packAlong") (param $source i32) (param $lines i32) (param $K i32) (param $panel i32)
    (local $lineBytes i32) (local $i i32) (local $k i32) (local $to i32)
    (local $p i32) (local $q i32) (local $r i32) (local $s i32)
    (local $t v128) (local $u v128) (local $x v128) (local $y v128)
    (local.set $lineBytes (i32.shl (local.get $K) (i32.const 2)))
    (loop $panels
      (local.set $p (local.get $source))
      (local.set $q (i32.add (local.get $p) (local.get $lineBytes)))
      (local.set $r (i32.add (local.get $q) (local.get $lineBytes)))
      (local.set $s (i32.add (local.get $r) (local.get $lineBytes)))
      (local.set $source (i32.add (local.get $s) (local.get $lineBytes)))
      (local.set $to (local.get $panel))
      (local.set $k (i32.const 0))
      (loop $columns
        ;; t, u = p0 q0 p1 q1, r0 s0 r1 s1
        (local.set $x (v128.load align=4 (local.get $p)))
        (local.set $y (v128.load align=4 (local.get $q)))
        (local.set $t (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $x) (local.get $y)))
        (local.set $x (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $x) (local.get $y)))
        (local.set $y (v128.load align=4 (local.get $r)))
        (local.set $u (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
          (local.get $y) (v128.load align=4 (local.get $s))))
        (local.set $y (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
          (local.get $y) (v128.load align=4 (local.get $s))))
        ;; k: p0 q0 r0 s0, then k + 1; x, y = p2 q2 p3 q3, r2 s2 r3 s3 give k + 2 and k + 3
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $t) (local.get $u)))
        (v128.store offset=16 (local.get $to)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $t) (local.get $u)))
        (v128.store offset=32 (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $x) (local.get $y)))
        (v128.store offset=48 (local.get $to)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $x) (local.get $y)))
        (local.set $p (i32.add (local.get $p) (i32.const 16)))
        (local.set $q (i32.add (local.get $q) (i32.const 16)))
        (local.set $r (i32.add (local.get $r) (i32.const 16)))
        (local.set $s (i32.add (local.get $s) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 64)))
        (local.set $k (i32.add (local.get $k) (i32.const 4)))
        (br_if $columns (i32.lt_u (local.get $k) (local.get $K))))
      (local.set $panel (i32.add (local.get $panel) (i32.shl (local.get $K) (i32.const 4))))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $panels (i32.lt_u (local.get $i) (local.get $lines)))))

  ;; C at `c`, rows of N floats without gaps, with room for whole tiles of four rows: those past M are overwritten.
  ;; `add` 1 adds to what is there, 0 overwrites it. K > 0.
  ;; Registers of a tile, 12 of the 15 that x64 leaves: c00 .. c31 are the sums (row, half of the eight columns),
  ;; b0 b1 the eight columns at k, x one element of A in all lanes, and one product that is not named.
  (func (export "multiply")
    (param $a i32) (param $b i32) (param $c i32) (param $M i32) (param $N i32) (param $K i32) (param $add i32)
    (local $panelBytes i32) (local $rowBytes i32) (local $i i32) (local $j i32)
    (local $aAt i32) (local $b0At i32) (local $b1At i32) (local $aEnd i32)
    (local $to i32) (local $from i32) (local $to1 i32) (local $to2 i32) (local $to3 i32)
    (local $row i32) (local $column i32) (local $columns i32)
    (local $c00 v128) (local $c01 v128) (local $c10 v128) (local $c11 v128)
    (local $c20 v128) (local $c21 v128) (local $c30 v128) (local $c31 v128)
    (local $b0 v128) (local $b1 v128) (local $x v128)
    (local.set $panelBytes (i32.shl (local.get $K) (i32.const 4)))
    (local.set $rowBytes (i32.shl (local.get $N) (i32.const 2)))
    (loop $columnTiles ;; eight columns of B stay in the first cache while all of A passes
      (local.set $aAt (local.get $a))
      (local.set $i (i32.const 0))
      (loop $rowTiles
        (local.set $b0At (local.get $b))
        (local.set $b1At (i32.add (local.get $b) (local.get $panelBytes)))
        (local.set $aEnd (i32.add (local.get $aAt) (local.get $panelBytes)))
        (local.set $c00 (v128.const i32x4 0 0 0 0))
        (local.set $c01 (v128.const i32x4 0 0 0 0))
        (local.set $c10 (v128.const i32x4 0 0 0 0))
        (local.set $c11 (v128.const i32x4 0 0 0 0))
        (local.set $c20 (v128.const i32x4 0 0 0 0))
        (local.set $c21 (v128.const i32x4 0 0 0 0))
        (local.set $c30 (v128.const i32x4 0 0 0 0))
        (local.set $c31 (v128.const i32x4 0 0 0 0))
        (loop $k
          (local.set $b0 (v128.load (local.get $b0At)))
          (local.set $b1 (v128.load (local.get $b1At)))
          (local.set $x (v128.load32_splat (local.get $aAt)))
          (local.set $c00 (f32x4.add (local.get $c00) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $c01 (f32x4.add (local.get $c01) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $x (v128.load32_splat offset=4 (local.get $aAt)))
          (local.set $c10 (f32x4.add (local.get $c10) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $c11 (f32x4.add (local.get $c11) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $x (v128.load32_splat offset=8 (local.get $aAt)))
          (local.set $c20 (f32x4.add (local.get $c20) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $c21 (f32x4.add (local.get $c21) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $x (v128.load32_splat offset=12 (local.get $aAt)))
          (local.set $c30 (f32x4.add (local.get $c30) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $c31 (f32x4.add (local.get $c31) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $b0At (i32.add (local.get $b0At) (i32.const 16)))
          (local.set $b1At (i32.add (local.get $b1At) (i32.const 16)))
          (local.set $aAt (i32.add (local.get $aAt) (i32.const 16)))
          (br_if $k (i32.lt_u (local.get $aAt) (local.get $aEnd))))
        (local.set $to
          (i32.add (local.get $c)
            (i32.add (i32.mul (local.get $i) (local.get $rowBytes)) (i32.shl (local.get $j) (i32.const 2)))))
        (local.set $columns (i32.sub (local.get $N) (local.get $j)))
        (if (i32.ge_u (local.get $columns) (i32.const 8))
          (then ;; a whole tile: straight into C
            (local.set $to1 (i32.add (local.get $to) (local.get $rowBytes)))
            (local.set $to2 (i32.add (local.get $to1) (local.get $rowBytes)))
            (local.set $to3 (i32.add (local.get $to2) (local.get $rowBytes)))
            (if (local.get $add) (then
              (local.set $c00 (f32x4.add (local.get $c00) (v128.load align=4 (local.get $to))))
              (local.set $c01 (f32x4.add (local.get $c01) (v128.load offset=16 align=4 (local.get $to))))
              (local.set $c10 (f32x4.add (local.get $c10) (v128.load align=4 (local.get $to1))))
              (local.set $c11 (f32x4.add (local.get $c11) (v128.load offset=16 align=4 (local.get $to1))))
              (local.set $c20 (f32x4.add (local.get $c20) (v128.load align=4 (local.get $to2))))
              (local.set $c21 (f32x4.add (local.get $c21) (v128.load offset=16 align=4 (local.get $to2))))
              (local.set $c30 (f32x4.add (local.get $c30) (v128.load align=4 (local.get $to3))))
              (local.set $c31 (f32x4.add (local.get $c31) (v128.load offset=16 align=4 (local.get $to3))))))
            (v128.store align=4 (local.get $to) (local.get $c00))
            (v128.store offset=16 align=4 (local.get $to) (local.get $c01))
            (v128.store align=4 (local.get $to1) (local.get $c10))
            (v128.store offset=16 align=4 (local.get $to1) (local.get $c11))
            (v128.store align=4 (local.get $to2) (local.get $c20))
            (v128.store offset=16 align=4 (local.get $to2) (local.get $c21))
            (v128.store align=4 (local.get $to3) (local.get $c30))
            (v128.store offset=16 align=4 (local.get $to3) (local.get $c31)))
          (else ;; the last columns: through a tile at address 0, of which only the part inside C is taken
            (v128.store offset=0 (i32.const 0) (local.get $c00))
            (v128.store offset=16 (i32.const 0) (local.get $c01))
            (v128.store offset=32 (i32.const 0) (local.get $c10))
            (v128.store offset=48 (i32.const 0) (local.get $c11))
            (v128.store offset=64 (i32.const 0) (local.get $c20))
            (v128.store offset=80 (i32.const 0) (local.get $c21))
            (v128.store offset=96 (i32.const 0) (local.get $c30))
            (v128.store offset=112 (i32.const 0) (local.get $c31))
            (local.set $row (i32.const 0))
            (loop $nextRow
              (local.set $from (i32.shl (local.get $row) (i32.const 5)))
              (local.set $to1 (local.get $to))
              (local.set $column (i32.const 0))
              (loop $nextColumn
                (f32.store (local.get $to1)
                  (f32.add
                    (f32.load (local.get $from))
                    (if (result f32) (local.get $add)
                      (then (f32.load (local.get $to1)))
                      (else (f32.const 0)))))
                (local.set $from (i32.add (local.get $from) (i32.const 4)))
                (local.set $to1 (i32.add (local.get $to1) (i32.const 4)))
                (local.set $column (i32.add (local.get $column) (i32.const 1)))
                (br_if $nextColumn (i32.lt_u (local.get $column) (local.get $columns))))
              (local.set $to (i32.add (local.get $to) (local.get $rowBytes)))
              (local.set $row (i32.add (local.get $row) (i32.const 1)))
              (br_if $nextRow (i32.lt_u (local.get $row) (i32.const 4))))))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br_if $rowTiles (i32.lt_u (local.get $i) (local.get $M))))
      (local.set $b (i32.add (local.get $b) (i32.shl (local.get $panelBytes) (i32.const 1))))
      (local.set $j (i32.add (local.get $j) (i32.const 8)))
      (br_if $columnTiles (i32.lt_u (local.get $j) (local.get $N))))))
