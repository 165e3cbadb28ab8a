// The sequence writes registers: words of a buffer, a descriptor, its channel's queue and a lock.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    %go = aie.lock(%tile, 3) {init = 0 : i32, sym_name = "go"}
    %done = aie.lock(%tile, 4) {init = 0 : i32, sym_name = "done"}
    %data = aie.buffer(%tile) {address = 1024 : i32, sym_name = "data"} : memref<8xi32>
    aie.flow(%tile, DMA : 0, %shim, DMA : 0)
    %core = aie.core(%tile) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %add = arith.constant 100 : i32
      aie.use_lock(%go, AcquireGreaterEqual, 1)
      scf.for %i = %c0 to %c8 step %c1 {
        %0 = memref.load %data[%i] : memref<8xi32>
        %1 = arith.addi %0, %add : i32
        memref.store %1, %data[%i] : memref<8xi32>
      }
      aie.use_lock(%done, Release, 1)
      aie.end
    }
    aie.shim_dma_allocation @out (%shim, S2MM, 0)
    memref.global "private" constant @words : memref<8xi32> = dense<[1, 2, 3, 4, 5, 6, 7, 8]>
    aie.runtime_sequence(%b: memref<8xi32>) {
      %0 = memref.get_global @words : memref<8xi32>
      aiex.npu.blockwrite(%0) {buffer = @data, address = 0 : ui32} : memref<8xi32>
      // word 3 becomes 40, the low byte of word 5 (at 1024 + 20) becomes 0xAB, of 0x1234ABAB
      %three = arith.constant 3 : i32
      %forty = arith.constant 40 : i32
      aiex.npu.write32(%three, %forty) {buffer = @data} : i32, i32
      %place = arith.constant 1044 : i32
      %value = arith.constant 0x1234ABAB : i32
      %mask = arith.constant 0xFF : i32
      aiex.npu.maskwrite32(%place, %value, %mask) {column = 0 : i32, row = 2 : i32} : i32, i32, i32
      // descriptor 5: the 4 even words, then the 4 odd ones, once lock 4 is at least 1
      aiex.npu.writebd {bd_id = 5 : i32, buffer_length = 8 : i32, buffer_offset = 256 : i32, column = 0 : i32, row = 2 : i32, d0_size = 4 : i32, d0_stride = 1 : i32, d0_zero_after = 0 : i32, d0_zero_before = 0 : i32, d1_size = 2 : i32, d1_stride = 0 : i32, d1_zero_after = 0 : i32, d1_zero_before = 0 : i32, d2_size = 0 : i32, d2_stride = 0 : i32, d2_zero_after = 0 : i32, d2_zero_before = 0 : i32, enable_packet = 0 : i32, iteration_current = 0 : i32, iteration_size = 0 : i32, iteration_stride = 0 : i32, lock_acq_enable = 1 : i32, lock_acq_id = 4 : i32, lock_acq_val = 127 : i32, lock_rel_id = 0 : i32, lock_rel_val = 0 : i32, next_bd = 0 : i32, out_of_order_id = 0 : i32, packet_id = 0 : i32, packet_type = 0 : i32, use_next_bd = 0 : i32, valid_bd = 1 : i32}
      %bd = arith.constant 5 : i32
      %repeat = arith.constant 0 : i32
      aiex.npu.push_queue(0, 2, MM2S : 0) bd_id %bd repeat %repeat {issue_token = false} : i32, i32
      aiex.set_lock(%go, 1)
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 8][0, 0, 0, 1]) {id = 0 : i64, issue_token = true, metadata = @out} : memref<8xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
