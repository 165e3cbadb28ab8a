// The sequence programs the memory tile between two queues: 32 words are taken in once, in two parts, and sent three
// times; then 32 words in another order go through the same parts once. Locks count how often a part is to be sent.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 26>}
    %core = aie.tile(0, 2)
    aie.packet_flow(26) {
      aie.packet_source<%mem, TileControl : 0>
      aie.packet_dest<%shim, South : 0>
    } {keep_pkt_header = true, priority_route = true}
    %keep = aie.buffer(%mem) {sym_name = "keep"} : memref<32xi32>
    %free_0 = aie.lock(%mem, 48) {init = 3 : i32, sym_name = "free_0"}
    %full_0 = aie.lock(%mem, 49) {init = 0 : i32, sym_name = "full_0"}
    %free_1 = aie.lock(%mem, 50) {init = 3 : i32, sym_name = "free_1"}
    %full_1 = aie.lock(%mem, 51) {init = 0 : i32, sym_name = "full_1"}
    aie.objectfifo @fill(%shim, {%mem}, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 0>} : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @in(%mem, {%core}, [0 : i32, 2 : i32]) {prod_dma_channel = 0 : i32} : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
    %body = aie.core(%core) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %c16 = arith.constant 16 : index
      %five = arith.constant 5 : i32
      scf.for %n = %c0 to %c16 step %c1 {
        %a_view = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<8xi32>>
        %a = aie.objectfifo.subview.access %a_view[0] : !aie.objectfifosubview<memref<8xi32>> -> memref<8xi32>
        %b_view = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<8xi32>>
        %b = aie.objectfifo.subview.access %b_view[0] : !aie.objectfifosubview<memref<8xi32>> -> memref<8xi32>
        scf.for %i = %c0 to %c8 step %c1 {
          %x = memref.load %a[%i] : memref<8xi32>
          %y = arith.addi %x, %five : i32
          memref.store %y, %b[%i] : memref<8xi32>
        }
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    } {stack_size = 1024 : i32}
    aie.runtime_sequence @run(%a: memref<64xi32>, %b: memref<128xi32>) {
      %out = aiex.dma_configure_task_for @out {
        aie.dma_bd(%b : memref<128xi32> offset = 0 len = 128)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%out)
      %load = aiex.dma_configure_task_for @fill {
        aie.dma_bd(%a : memref<64xi32> offset = 0 len = 32)
        aie.end
      }
      aiex.dma_start_task(%load)
      %fill = aiex.dma_configure_task(%mem, S2MM, 0) {
        %three = arith.constant 3 : i32
        aie.use_lock(%free_0, AcquireGreaterEqual, %three)
        aie.dma_bd(%keep : memref<32xi32> offset = 0 len = 16) {bd_id = 0 : i32}
        aie.use_lock(%full_0, Release, %three)
        aie.next_bd ^second
      ^second:
        aie.use_lock(%free_1, AcquireGreaterEqual, %three)
        aie.dma_bd(%keep : memref<32xi32> offset = 16 len = 16) {bd_id = 1 : i32}
        aie.use_lock(%full_1, Release, %three)
        aie.end
      }
      aiex.dma_start_task(%fill)
      %send = aiex.dma_configure_task(%mem, MM2S, 0) {
        %one = arith.constant 1 : i32
        aie.use_lock(%full_0, AcquireGreaterEqual, %one)
        aie.dma_bd(%keep : memref<32xi32> offset = 0 len = 16) {bd_id = 2 : i32}
        aie.use_lock(%free_0, Release, %one)
        aie.next_bd ^second
      ^second:
        aie.use_lock(%full_1, AcquireGreaterEqual, %one)
        aie.dma_bd(%keep : memref<32xi32> offset = 16 len = 16) {bd_id = 3 : i32}
        aie.use_lock(%free_1, Release, %one)
        aie.end
      } {issue_token = true, repeat_count = 2 : i32}
      aiex.dma_start_task(%send)
      %load2 = aiex.dma_configure_task_for @fill {
        aie.dma_bd(%a : memref<64xi32> offset = 32 len = 16 sizes = [2, 2, 4, 2] strides = [16, 2, 4, 1])
        aie.end
      } {repeat_count = 1 : i32}
      aiex.dma_start_task(%load2)
      %fill2 = aiex.dma_configure_task(%mem, S2MM, 0) {
        %three = arith.constant 3 : i32
        %one = arith.constant 1 : i32
        aie.use_lock(%free_0, AcquireGreaterEqual, %three)
        aie.dma_bd(%keep : memref<32xi32> offset = 0 len = 16) {bd_id = 4 : i32}
        aie.use_lock(%full_0, Release, %one)
        aie.next_bd ^second
      ^second:
        aie.use_lock(%free_1, AcquireGreaterEqual, %three)
        aie.dma_bd(%keep : memref<32xi32> offset = 16 len = 16) {bd_id = 5 : i32}
        aie.use_lock(%full_1, Release, %one)
        aie.end
      }
      aiex.dma_start_task(%fill2)
      %send2 = aiex.dma_configure_task(%mem, MM2S, 0) {
        %three = arith.constant 3 : i32
        %one = arith.constant 1 : i32
        aie.use_lock(%full_0, AcquireGreaterEqual, %one)
        aie.dma_bd(%keep : memref<32xi32> offset = 0 len = 16) {bd_id = 6 : i32}
        aie.use_lock(%free_0, Release, %three)
        aie.next_bd ^second
      ^second:
        aie.use_lock(%full_1, AcquireGreaterEqual, %one)
        aie.dma_bd(%keep : memref<32xi32> offset = 16 len = 16) {bd_id = 7 : i32}
        aie.use_lock(%free_1, Release, %three)
        aie.end
      }
      aiex.dma_start_task(%send2)
      aiex.dma_await_task(%send)
      aiex.dma_await_task(%out)
      aiex.dma_free_task(%load)
      aiex.dma_free_task(%fill)
      aiex.dma_free_task(%load2)
      aiex.dma_free_task(%fill2)
      aiex.dma_free_task(%send2)
    }
  }
}
