// Four-dimensional reading of host memory: 2 x (4 x 4 blocks of 8 x 16 bytes), each group of blocks column by column.
// The memory tile passes on 512 bytes at a time; what arrives is linear.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    aie.objectfifo @in(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @out(%mem, {%shim}, 2 : i32) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo.link [@in] -> [@out] ([] [])
    aie.runtime_sequence(%a: memref<64x64xi8>, %b: memref<4096xi8>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 4096][0, 0, 0, 1]) {id = 0 : i64, metadata = @out} : memref<4096xi8>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][2, 4, 32, 16][2048, 16, 64, 1]) {id = 1 : i64, issue_token = true, metadata = @in} : memref<64x64xi8>
      aiex.npu.dma_wait {symbol = @in}
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
