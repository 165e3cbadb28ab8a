// A memory tile's DMA frames 4 rows of 8 bytes with zeros: two rows before and one after, four bytes on either side of
// each row. Written out with locks; the data comes back without passing a core.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %object = aie.buffer(%mem) {sym_name = "object"} : memref<4x8xi8>
    %free = aie.lock(%mem, 0) {init = 1 : i32, sym_name = "free"}
    %full = aie.lock(%mem, 1) {init = 0 : i32, sym_name = "full"}
    aie.flow(%shim, DMA : 0, %mem, DMA : 0)
    aie.flow(%mem, DMA : 0, %shim, DMA : 0)
    aie.shim_dma_allocation @in (%shim, MM2S, 0)
    aie.shim_dma_allocation @out (%shim, S2MM, 0)
    %dma = aie.memtile_dma(%mem) {
      %one = arith.constant 1 : i32
      %0 = aie.dma_start(S2MM, 0, ^in, ^second)
    ^in:
      aie.use_lock(%free, AcquireGreaterEqual, %one)
      aie.dma_bd(%object : memref<4x8xi8> offset = 0 len = 32)
      aie.use_lock(%full, Release, %one)
      aie.next_bd ^in
    ^second:
      %1 = aie.dma_start(MM2S, 0, ^out, ^end)
    ^out:
      aie.use_lock(%full, AcquireGreaterEqual, %one)
      aie.dma_bd(%object : memref<4x8xi8> offset = 0 len = 112 sizes = [4, 8] strides = [8, 1] pad [<const_pad_before = 2, const_pad_after = 1>, <const_pad_before = 4, const_pad_after = 4>])
      aie.use_lock(%free, Release, %one)
      aie.next_bd ^out
    ^end:
      aie.end
    }
    aie.runtime_sequence(%a: memref<64xi8>, %b: memref<224xi8>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 224][0, 0, 0, 1]) {id = 0 : i64, metadata = @out} : memref<224xi8>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, metadata = @in} : memref<64xi8>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
