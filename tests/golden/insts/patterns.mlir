// What a shim's instructions can say: patterns of one to four dimensions, 8 to 32-bit elements, repeats with and
// without a stride, a chain of descriptors, tokens, waits over one and two columns, a run-time parameter.
// patterns.bin is what aiecc made of it; a test compiles it again wherever aiecc is found.
module {
  aie.device(npu1) @patterns {
    %shim_0 = aie.tile(0, 0)
    %mem_0 = aie.tile(0, 1)
    %core_0 = aie.tile(0, 2)
    %shim_1 = aie.tile(1, 0)
    %mem_1 = aie.tile(1, 1)
    %factor = aie.buffer(%core_0) {sym_name = "factor"} : memref<16xi32>
    aie.objectfifo @in0(%shim_0, {%mem_0}, 2 : i32) : !aie.objectfifo<memref<256xi8>>
    aie.objectfifo @out0(%mem_0, {%shim_0}, 2 : i32) : !aie.objectfifo<memref<256xi8>>
    aie.objectfifo.link [@in0] -> [@out0] ([] [])
    aie.objectfifo @wide0(%shim_0, {%mem_0}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @back0(%mem_0, {%shim_0}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.link [@wide0] -> [@back0] ([] [])
    aie.objectfifo @in1(%shim_1, {%mem_1}, 2 : i32) : !aie.objectfifo<memref<128xi16>>
    aie.objectfifo @out1(%mem_1, {%shim_1}, 2 : i32) : !aie.objectfifo<memref<128xi16>>
    aie.objectfifo.link [@in1] -> [@out1] ([] [])

    aie.runtime_sequence @patterns(%a: memref<8192xi8>, %b: memref<4096xi32>, %c: memref<4096xi16>, %d: memref<8192xi8>, %e: memref<4096xi16>, %f: memref<4096xi32>) {
      %seven = arith.constant 7 : i32
      aiex.npu.rtp_write(@factor, 3, %seven) : i32

      // Column 0: everything in one run; the same again three times; rows picked out; four runs each further on.
      %t0 = aiex.dma_configure_task_for @in0 {
        aie.dma_bd(%a : memref<8192xi8> offset = 512 len = 256)
        aie.end
      }
      aiex.dma_start_task(%t0)
      %t1 = aiex.dma_configure_task_for @in0 {
        aie.dma_bd(%a : memref<8192xi8> offset = 0 len = 256 sizes = [3, 1, 1, 256] strides = [0, 0, 0, 1])
        aie.end
      } {repeat_count = 2 : i32}
      aiex.dma_start_task(%t1)
      %t2 = aiex.dma_configure_task_for @in0 {
        aie.dma_bd(%a : memref<8192xi8> offset = 64 len = 256 sizes = [1, 4, 8, 8] strides = [0, 8, 64, 1])
        aie.end
      }
      aiex.dma_start_task(%t2)
      %t3 = aiex.dma_configure_task_for @in0 {
        aie.dma_bd(%a : memref<8192xi8> offset = 128 len = 256 sizes = [4, 2, 8, 16] strides = [1024, 16, 32, 1])
        aie.end
      } {issue_token = true, repeat_count = 3 : i32}
      aiex.dma_start_task(%t3)
      %o0 = aiex.dma_configure_task_for @out0 {
        aie.dma_bd(%d : memref<8192xi8> offset = 0 len = 2304)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%o0)

      // A chain of two descriptors, and single words at a stride; the sixth argument, which the firmware does not move.
      %t4 = aiex.dma_configure_task_for @wide0 {
        aie.dma_bd(%b : memref<4096xi32> offset = 16 len = 32 sizes = [1, 1, 2, 16] strides = [0, 0, 128, 1])
        aie.next_bd ^second
      ^second:
        aie.dma_bd(%b : memref<4096xi32> offset = 1024 len = 32 sizes = [1, 1, 4, 8] strides = [0, 0, 2, 100])
        aie.end
      }
      aiex.dma_start_task(%t4)
      %o1 = aiex.dma_configure_task_for @back0 {
        aie.dma_bd(%f : memref<4096xi32> offset = 64 len = 64)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%o1)

      // Column 1: 16-bit elements through descriptors with given numbers.
      aiex.npu.dma_memcpy_nd(%c[0, 0, 0, 32][1, 2, 4, 16][0, 512, 64, 1]) {id = 5 : i64, metadata = @in1} : memref<4096xi16>
      aiex.npu.dma_memcpy_nd(%e[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 6 : i64, metadata = @out1, issue_token = true} : memref<4096xi16>
      aiex.dma_await_task(%t3)
      aiex.npu.dma_wait {symbol = @out1}
      aiex.dma_await_task(%o0)
      aiex.dma_await_task(%o1)
      aiex.dma_free_task(%t0)
      aiex.dma_free_task(%t1)
      aiex.dma_free_task(%t2)
      aiex.dma_free_task(%t4)
    }
  }
}
