// Patterns at both ends: the memory tile sends an 8 x 16 object of 32-bit words column by column, the core's DMA
// receives it and puts the two halves of what comes in one after the other, interleaved by four.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %core = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<128xi32>>
    aie.objectfifo @a(%mem dimensionsToStream [<size = 16, stride = 1>, <size = 8, stride = 16>], {%core dimensionsFromStream [<size = 2, stride = 4>, <size = 16, stride = 8>, <size = 4, stride = 1>]}, 2 : i32) : !aie.objectfifo<memref<128xi32>>
    aie.objectfifo.link [@in] -> [@a] ([] [])
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<128xi32>>
    %body = aie.core(%core) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %forever = arith.constant 4294967295 : index
      scf.for %pass = %c0 to %forever step %c1 {
        %v = aie.objectfifo.acquire @a(Consume, 1) : !aie.objectfifosubview<memref<128xi32>>
        %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<128xi32>> -> memref<128xi32>
        %w = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<128xi32>>
        %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<128xi32>> -> memref<128xi32>
        scf.for %i = %c0 to %c128 step %c1 {
          %value = memref.load %x[%i] : memref<128xi32>
          memref.store %value, %y[%i] : memref<128xi32>
        }
        aie.objectfifo.release @a(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%arg0: memref<256xi32>, %arg1: memref<256xi32>) {
      %t0 = aiex.dma_configure_task_for @in {
        aie.dma_bd(%arg0 : memref<256xi32> offset = 0 len = 256)
        aie.end
      }
      aiex.dma_start_task(%t0)
      %t1 = aiex.dma_configure_task_for @out {
        aie.dma_bd(%arg1 : memref<256xi32> offset = 0 len = 256)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t1)
      aiex.dma_await_task(%t1)
      aiex.dma_free_task(%t0)
    }
  }
}
