// The sequence takes a number, and runs a loop and a choice by it; tiles are placed by the reader, a trace is not recorded.
module {
  aie.device(npu1) {
    %core = aie.logical_tile<CoreTile>(?, ?)
    %shim = aie.logical_tile<ShimNOCTile>(?, ?)
    aie.objectfifo @in(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<4x4xi32>>
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<4x4xi32>>
    aie.trace @events(%core) {
      aie.trace.mode "Event-Time"
      aie.trace.packet id=1 type=core
      aie.trace.event<"INSTR_VECTOR">
      aie.trace.port<0> port=DMA channel=0 direction=S2MM
      aie.trace.start broadcast=15
      aie.trace.stop event=<"BROADCAST_14">
    }
    %body = aie.core(%core) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %many = arith.constant 9223372036854775807 : index
      scf.for %n = %c0 to %many step %c1 {
        %0 = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<4x4xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<4x4xi32>> -> memref<4x4xi32>
        %2 = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<4x4xi32>>
        %3 = aie.objectfifo.subview.access %2[0] : !aie.objectfifosubview<memref<4x4xi32>> -> memref<4x4xi32>
        affine.for %i = 0 to 4 {
          affine.for %j = 0 to 4 {
            %4 = affine.load %1[%i, %j] : memref<4x4xi32>
            affine.store %4, %3[%j, (%i + 3) mod 4] : memref<4x4xi32>
          }
        }
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%a: memref<16xi32>, %n: i64, %b: memref<64xi32>) {
      aie.trace.host_config {buffer_size = 8192 : i32}
      aie.trace.start_config @events
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : i32
      %two = arith.constant 2 : i64
      %times = arith.index_cast %n : i64 to index
      %count = arith.trunci %n : i64 to i32
      %length = arith.muli %count, %c16 : i32
      %more = arith.cmpi sgt, %n, %two : i64
      scf.if %more {
        %out = aiex.dma_configure_task_for @out {
          aie.dma_bd(%b : memref<64xi32> offset = 0 len = %length sizes = [1, 1, %n, 16] strides = [0, 0, 16, 1])
          aie.end
        } {issue_token = true}
        aiex.dma_start_task(%out)
        scf.for %i = %c0 to %times step %c1 {
          %t = aiex.dma_configure_task_for @in {
            aie.dma_bd(%a : memref<16xi32> offset = 0 len = 16)
            aie.end
          } {issue_token = true}
          aiex.dma_start_task(%t)
          aiex.dma_await_task(%t)
        }
        aiex.dma_await_task(%out)
      }
    }
  }
}
